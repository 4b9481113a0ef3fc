import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DataPlane } from '../serving/data-plane.ts';
import { Call } from '../serving/call.ts';
import type { ModelMeter } from '../serving/model-meter.ts';
import type { ModelTarget } from '../serving/plane.ts';
import { LARGE_BODY_BYTES, encodeLargeAnswer, isLargeAnswer, readLargeBody } from './codec/large-bodies.ts';
import { decompress } from './compression.ts';
import type { EncodedAnswer } from './infer-answer.ts';
import { encodeAnswer } from './infer-answer.ts';
import { readInferBody } from './infer-body.ts';
import { ClientGone, readBody } from './read-body.ts';
import { sendAnswer } from './send-answer.ts';
import { sendError } from './send.ts';

const INFER = /^\/v2\/models\/([^/]+)(?:\/versions\/([^/]+))?\/infer$/;
/** Status in the metrics for a client that left, as nginx counts it. */
const CLIENT_GONE = 499;

/** What the inference route needs. */
export interface InferRouteOptions {
  plane: DataPlane;
  maxBodyBytes: number;
  /** Told of answers that are the server's fault. */
  onFailure: (error: unknown) => void;
}

/** The target of an inference request; undefined when it is some other request. */
export function matchInfer({ method, url = '' }: IncomingMessage): ModelTarget | undefined {
  if (method !== 'POST') return undefined;
  const path = url.startsWith('/') ? url : withoutOrigin(url);
  const end = path.indexOf('?');
  const [, name, version] = INFER.exec(end === -1 ? path : path.slice(0, end)) ?? [];
  return name === undefined ? undefined : { name: decode(name), version: version && decode(version) };
}

/** A proxy may send the whole address. */
const withoutOrigin = (url: string) => url.replace(/^https?:\/\/[^/?#]*/i, '');

/** A name that cannot be decoded is no model's name; it is refused as unknown. */
function decode(part: string): string {
  if (!part.includes('%')) return part;
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** One request on the hot path. */
interface Visit {
  request: IncomingMessage;
  response: ServerResponse;
  target: ModelTarget;
  call: Call;
  meter: ModelMeter | undefined;
  /** When the last byte of the request was there. */
  startedAt: number;
  status: number;
}

/** Answers inference requests: the hot path, without a framework. */
export function createInferRoute({ plane, maxBodyBytes, onFailure }: InferRouteOptions) {
  const answer = async (visit: Visit): Promise<EncodedAnswer> => {
    const { request, target, call, meter } = visit;
    const { headers } = request;
    if (meter === undefined) plane.assertKnown(target);
    let body = await readBody(request, maxBodyBytes);
    if (headers['content-encoding'] !== undefined)
      body = await decompress(body, headers['content-encoding'], maxBodyBytes);
    visit.startedAt = performance.now();
    const isLarge = body.byteLength > LARGE_BODY_BYTES;
    const { request: asked, wantsBinary } = isLarge ? await readLargeBody(headers, body) : readInferBody(headers, body);
    const response = await plane.infer(target, asked, call);
    const answeredAt = performance.now();
    const encoded = isLargeAnswer(response, asked, wantsBinary)
      ? await encodeLargeAnswer(response, asked, wantsBinary)
      : encodeAnswer(response, asked, wantsBinary);
    if (meter !== undefined) {
      const encodeMs = performance.now() - answeredAt;
      meter.stages.encode.observe(encodeMs / 1000);
      meter.tallies.output.ms += encodeMs;
    }
    return encoded;
  };
  return async (request: IncomingMessage, response: ServerResponse, target: ModelTarget): Promise<void> => {
    const call = new Call(request.socket.remoteAddress);
    const meter = plane.hosted(target)?.meter;
    const visit: Visit = { request, response, target, call, meter, startedAt: performance.now(), status: CLIENT_GONE };
    if (meter !== undefined) meter.inFlight += 1;
    response.on('close', () => finish(visit));
    try {
      const encoded = await answer(visit);
      visit.status = 200;
      if (plane.isDraining) response.setHeader('connection', 'close');
      await sendAnswer(request, response, encoded);
    } catch (error) {
      if (error instanceof ClientGone || call.isCancelled) return;
      // What is left of the request is not read, so the connection cannot carry another one.
      if (!request.complete || plane.isDraining) response.setHeader('connection', 'close');
      visit.status = sendError(response, error);
      if (visit.status >= 500) onFailure(error);
    }
  };
}

/** The answer is out, or the client is gone. */
function finish({ response, call, meter, startedAt, status }: Visit): void {
  const isAnswered = response.writableFinished;
  if (!isAnswered) call.cancel();
  if (meter === undefined) return;
  meter.inFlight -= 1;
  meter.answered(isAnswered ? status : CLIENT_GONE);
  if (isAnswered) meter.stages.request.observe((performance.now() - startedAt) / 1000);
}
