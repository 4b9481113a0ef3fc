import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:http2';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import type { Example, Tensor } from './example.ts';
import { bytesOf, numbersOf } from './tensor-bytes.ts';

const { root } = protobuf.parse(readFileSync(join(import.meta.dirname, 'inference.proto'), 'utf8'));
const request = root.lookupType('inference.ModelInferRequest');
const response = root.lookupType('inference.ModelInferResponse');

/** The one method that is called. */
export const INFER_PATH = '/inference.GRPCInferenceService/ModelInfer';

const PREFIX_BYTES = 5;
const ANSWER_MS = 30_000;

/** One request as gRPC frames it: a flag, the length, the message. */
export function grpcFrame(model: string, { inputs }: Example): Buffer {
  const message = request
    .encode({
      modelName: model,
      inputs: inputs.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
      rawInputContents: inputs.map(bytesOf),
    })
    .finish();
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

interface WrittenResponse {
  outputs: { name: string; datatype: Tensor['datatype']; shape: number[]; contents?: Contents }[];
  rawOutputContents: Uint8Array[];
}

interface Contents {
  int64Contents: string[];
  fp32Contents: number[];
}

/** The outputs in a framed answer, from raw or from typed contents. */
export function readGrpcAnswer(frame: Buffer): Tensor[] {
  const message = response.decode(frame.subarray(PREFIX_BYTES));
  const { outputs, rawOutputContents } = response.toObject(message, {
    arrays: true,
    longs: Number,
  }) as WrittenResponse;
  return outputs.map(({ name, datatype, shape, contents }, index) => {
    const raw = rawOutputContents[index];
    const typed = datatype === 'FP32' ? contents?.fp32Contents : contents?.int64Contents.map(Number);
    return { name, datatype, shape, data: raw === undefined ? (typed ?? []) : numbersOf(datatype, raw) };
  });
}

/** Sends one framed request; throws with the server's words unless grpc-status is 0. */
export async function callGrpc(port: number, frame: Buffer): Promise<Buffer> {
  const session = connect(`http://127.0.0.1:${port}`);
  const signal = AbortSignal.timeout(ANSWER_MS);
  try {
    await once(session, 'connect', { signal });
    const stream = session.request(
      { ':method': 'POST', ':path': INFER_PATH, 'content-type': 'application/grpc', te: 'trailers' },
      { signal },
    );
    let status: Record<string, unknown> = {};
    for (const event of ['response', 'trailers'])
      stream.on(event, (headers: object) => (status = { ...status, ...headers }));
    stream.end(frame);
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    if (String(status['grpc-status']) !== '0')
      throw new Error(`grpc-status ${String(status['grpc-status'])}: ${String(status['grpc-message'])}`);
    return Buffer.concat(chunks);
  } finally {
    session.destroy();
  }
}
