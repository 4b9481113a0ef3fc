import os from 'node:os';
import { parentPort } from 'node:worker_threads';
import type { Transferable } from 'node:worker_threads';
import { messageOf } from '../../error-shape.ts';
import { ApiError } from '../../errors.ts';
import { decodeTensor } from '../../protocol/decode-tensor.ts';
import type { InferRequest, RequestTensor } from '../../protocol/v2-request.ts';
import { encodeInferResponse } from '../../protocol/v2-response.ts';
import { readInferBody } from '../infer-body.ts';
import type { CodecFailure, CodecJob, CodecReply, CodecResults, DecodeJob, EncodeJob } from './messages.ts';

/** A little behind the thread that answers clients, so that it wins where there is one core. */
const NICENESS = 5;

interface Done<Kind extends keyof CodecResults> {
  result: CodecResults[Kind];
  transfer: Transferable[];
}

/** Reads and writes large bodies in a thread of its own, until the server ends it. */
export async function runCodecWorker(): Promise<number> {
  const port = parentPort;
  if (port === null) throw new Error('the role codec-worker is for threads of the server only');
  try {
    // On Linux this is the calling thread, not the process.
    if (process.platform === 'linux') os.setPriority(0, NICENESS);
  } catch {
    // Then all threads are equal.
  }
  port.on('message', (job: CodecJob) => {
    try {
      const { result, transfer } = job.kind === 'decode' ? decode(job) : encode(job);
      port.postMessage({ isDone: true, result } satisfies CodecReply, transfer);
    } catch (error) {
      port.postMessage({ isDone: false, failure: describe(error) } satisfies CodecReply);
    }
  });
  return 0;
}

const describe = (error: unknown): CodecFailure => ({
  code: error instanceof ApiError ? error.code : undefined,
  message: messageOf(error),
});

function decode({ body, jsonLength }: DecodeJob): Done<'decode'> {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const headers = jsonLength === undefined ? {} : { 'inference-header-content-length': jsonLength };
  const { request, wantsBinary } = readInferBody(headers, bytes);
  const inputs = request.inputs.map(typed);
  const result = { request: { ...request, inputs } satisfies InferRequest, wantsBinary };
  return { result, transfer: buffersOf(inputs) };
}

type Ready = Extract<RequestTensor['source'], { kind: 'ready' }>;

/** Elements are typed here, too. What is wrong with them is told after what is wrong with the tensor, as it is for small bodies. */
function typed(tensor: RequestTensor): RequestTensor {
  const data = typedElements(tensor);
  return { ...tensor, source: { kind: 'ready', data } };
}

function typedElements(tensor: RequestTensor): Ready['data'] {
  try {
    return decodeTensor(tensor).data;
  } catch (error) {
    if (error instanceof ApiError) return { code: error.code, message: error.message };
    throw error;
  }
}

function buffersOf(inputs: readonly RequestTensor[]): Transferable[] {
  const buffers = new Set<ArrayBuffer>();
  for (const { source } of inputs) {
    if (source.kind === 'ready' && ArrayBuffer.isView(source.data)) buffers.add(source.data.buffer as ArrayBuffer);
  }
  return [...buffers];
}

function encode({ response, binarySizes }: EncodeJob): Done<'encode'> {
  const json = Buffer.from(textOf(response, binarySizes)) as Buffer<ArrayBuffer>;
  const result = new Uint8Array(json.buffer, json.byteOffset, json.byteLength);
  return { result, transfer: json.byteLength === json.buffer.byteLength ? [json.buffer] : [] };
}

function textOf(response: EncodeJob['response'], binarySizes: EncodeJob['binarySizes']): string {
  try {
    return encodeInferResponse(response, binarySizes);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ApiError(
      'OutputNotRepresentable',
      'The answer is longer than a JSON text can be; ask for binary outputs (binary_data_output).',
      { cause: error },
    );
  }
}
