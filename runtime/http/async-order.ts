import type { IncomingMessage } from 'node:http';
import { toApiError } from '../errors.ts';
import type { InferRequest, RequestTensor } from '../protocol/v2-request.ts';
import { refuse, show } from '../protocol/v2-request.ts';
import type { JobOrder, KeptAnswer } from '../serving/async-job.ts';
import type { AsyncJobs } from '../serving/async-jobs.ts';
import { Call } from '../serving/call.ts';
import type { DataPlane } from '../serving/data-plane.ts';
import type { ModelTarget } from '../serving/plane.ts';
import { LARGE_BODY_BYTES, encodeLargeAnswer, isLargeAnswer, readLargeBody } from './codec/large-bodies.ts';
import { decompress } from './compression.ts';
import { digestInTurns } from './digest-in-turns.ts';
import type { EncodedAnswer } from './infer-answer.ts';
import { encodeAnswer } from './infer-answer.ts';
import type { ReadRequest } from './infer-body.ts';
import { readInferBody } from './infer-body.ts';
import { readBody } from './read-body.ts';

/** After everybody who waits for an answer. */
const JOB_PRIORITY = 15;
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;

/** What reading and running an order needs. */
export interface OrderNeeds {
  plane: DataPlane;
  jobs: AsyncJobs;
  maxBodyBytes: number;
  /** Told of answers that are the server's fault. */
  onFailure: (error: unknown) => void;
}

/** Reads what a client hands in, as far as that can be checked before the model is asked. */
export async function readOrder(
  request: IncomingMessage,
  target: ModelTarget,
  { plane, jobs, maxBodyBytes, onFailure }: OrderNeeds,
): Promise<JobOrder> {
  const { headers } = request;
  plane.assertKnown(target);
  // Before the body is read: it would be read in vain.
  jobs.assertRoom(Number(headers['content-length'] ?? 0));
  const body = await decompress(await readBody(request, maxBodyBytes), headers['content-encoding'], maxBodyBytes);
  const key = await readKey(headers['idempotency-key'], body);
  const size = body.byteLength;
  const asked = size > LARGE_BODY_BYTES ? await readLargeBody(headers, body) : readInferBody(headers, body);
  const call = new Call(request.socket.remoteAddress, Infinity, JOB_PRIORITY);
  const run = () => answer({ plane, target, call, asked, onFailure });
  return { target, call, key, run, bytes: Math.max(size, sizeOf(asked.request)) };
}

/** The key that a client gives so that handing in twice makes one job; the first use of a key decides what it stands for. */
async function readKey(given: string | string[] | undefined, body: Buffer): Promise<JobOrder['key']> {
  if (given === undefined) return undefined;
  const text = String(given);
  if (!IDEMPOTENCY_KEY.test(text))
    refuse('Idempotency-Key', `is ${show(text)}; send 1 to 255 visible ASCII characters without spaces.`);
  return { text, digest: await digestInTurns(body) };
}

const sizeOf = ({ inputs, rawInput }: InferRequest): number =>
  inputs.reduce((sum, { source }) => sum + sourceBytes(source), rawInput?.byteLength ?? 0);

function sourceBytes(source: RequestTensor['source']): number {
  const elements = source.kind === 'raw' ? source.bytes : source.kind === 'ready' ? source.data : source.values;
  if (ArrayBuffer.isView(elements)) return elements.byteLength;
  return Array.isArray(elements) ? elements.length * 16 : 0;
}

interface Run {
  plane: DataPlane;
  target: ModelTarget;
  call: Call;
  asked: ReadRequest;
  onFailure: (error: unknown) => void;
}

/** Asks the model, and counts that as a request to it. */
async function answer({ plane, target, call, asked, onFailure }: Run): Promise<KeptAnswer> {
  const meter = plane.hosted(target)?.meter;
  if (meter !== undefined) meter.inFlight += 1;
  let status = 200;
  try {
    const { request, wantsBinary } = asked;
    const response = await plane.infer(target, request, call);
    const encoded = isLargeAnswer(response, request, wantsBinary)
      ? await encodeLargeAnswer(response, request, wantsBinary)
      : encodeAnswer(response, request, wantsBinary);
    return keep(encoded);
  } catch (error) {
    const known = toApiError(error);
    status = known.httpStatus;
    if (known.code === 'Internal') onFailure(error);
    throw error;
  } finally {
    if (meter !== undefined) meter.inFlight -= 1;
    meter?.answered(status);
  }
}

/** An answer that holds no more memory than it has bytes: rows of one run share theirs. */
function keep({ headers, body }: EncodedAnswer): KeptAnswer {
  const chunks = typeof body === 'string' ? [Buffer.from(body)] : body;
  const isPart = (chunk: Uint8Array) => chunk.byteLength * 2 < chunk.buffer.byteLength;
  return { headers, body: chunks.map((chunk) => (isPart(chunk) ? new Uint8Array(chunk) : chunk)) };
}
