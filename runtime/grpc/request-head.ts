import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Headers } from './status.ts';
import { GrpcFailure, GrpcStatus } from './status.ts';

/** An answer in plain HTTP, for what is no gRPC at all. */
export interface PlainAnswer {
  status: number;
  headers: Headers;
}

const CONTENT_TYPE = /^application\/grpc(?:\+proto)?(?:\s*;|$)/i;

/** The HTTP answer to a request that is no gRPC; undefined for one that is. */
export function refuseHead(headers: IncomingHttpHeaders): PlainAnswer | undefined {
  if (headers[':method'] !== 'POST') return { status: 405, headers: { allow: 'POST' } };
  const type = headers['content-type'];
  if (type === 'application/grpc' || CONTENT_TYPE.test(type ?? '')) return undefined;
  return { status: 415, headers: { accept: 'application/grpc' } };
}

const UNIT_MS: Record<string, number> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** Milliseconds that the header grpc-timeout gives; Infinity without one. */
export function readTimeoutMs(header: string | string[] | undefined): number {
  if (header === undefined) return Infinity;
  const [, digits, unit = ''] = /^(\d{1,8})([HMSmun])$/.exec(String(header)) ?? [];
  const unitMs = UNIT_MS[unit];
  if (digits === undefined || unitMs === undefined) {
    throw new GrpcFailure(
      GrpcStatus.InvalidArgument,
      `grpc-timeout is ${JSON.stringify(String(header).slice(0, 40))}; send up to 8 digits and one of H, M, S, m, u, n, such as 500m.`,
    );
  }
  return Number(digits) * unitMs;
}

/** Headers of a gRPC answer, without those of a special answer. */
export const CONTENT_HEADERS = { ':status': 200, 'content-type': 'application/grpc' } as const;

/** The same as Node's raw list, which costs it a good deal less than an object does; never changed. */
export const PLAIN_HEADERS: readonly string[] = [':status', '200', 'content-type', 'application/grpc'];

/** No Date: gRPC clients do not read it. (Node takes sendDate here, its types do not know it.) */
const NO_BODY = { endStream: true, sendDate: false };
export const TRAILERS_FOLLOW = { waitForTrailers: true, sendDate: false };

/** Answers with headers only and lets the client stop sending. */
export function answerHeadersOnly(stream: ServerHttp2Stream, headers: Headers): void {
  if (stream.destroyed || stream.closed || stream.headersSent) return;
  stream.respond(headers, NO_BODY);
  if (!stream.readableEnded) stream.close();
}
