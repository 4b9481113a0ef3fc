import type { IncomingHttpHeaders } from 'node:http';
import { tensorBytes } from '../../protocol/tensor-bytes.ts';
import type { Tensor } from '../../protocol/tensor.ts';
import type { InferRequest } from '../../protocol/v2-request.ts';
import type { InferResponse } from '../../protocol/v2-response.ts';
import type { EncodedAnswer } from '../infer-answer.ts';
import { binaryOutputs, putTogether } from '../infer-answer.ts';
import type { ReadRequest } from '../infer-body.ts';
import { readInferBody } from '../infer-body.ts';
import { sharedCodec } from './codec.ts';
import { copyElements, ownBytes } from './own-memory.ts';

/** Larger bodies are read in another thread: this much JSON takes some ten milliseconds. */
export const LARGE_BODY_BYTES = 2 * 1024 * 1024;
/** Larger answers are written in another thread. */
const LARGE_ANSWER_NUMBERS = 200_000;

/** Reads a body as `readInferBody` does, without holding up others. The body is not to be used afterwards. */
export async function readLargeBody(headers: IncomingHttpHeaders, body: Buffer): Promise<ReadRequest> {
  const header = headers['inference-header-content-length'];
  // The bytes of one tensor and nothing else: there is nothing to read.
  if (header === '0') return readInferBody(headers, body);
  const bytes = await ownBytes(body);
  const jsonLength = header === undefined ? undefined : String(header);
  return sharedCodec.run({ kind: 'decode', body: bytes, jsonLength }, [bytes.buffer]);
}

/** True for answers with so many numbers in JSON that writing them would hold up others. */
export function isLargeAnswer({ outputs }: InferResponse, request: InferRequest, wantsBinary: boolean): boolean {
  let numbers = 0;
  for (let index = 0; index < outputs.length; index += 1) {
    const { data } = outputs[index] as Tensor;
    // Texts are written in native code, and would have to be read here to be sent there.
    if (!Array.isArray(data) && !(request.outputs?.[index]?.binary ?? wantsBinary)) numbers += data.length;
  }
  return numbers > LARGE_ANSWER_NUMBERS;
}

/** Writes an answer as `encodeAnswer` does, without holding up others. */
export async function encodeLargeAnswer(
  response: InferResponse,
  request: InferRequest,
  wantsBinary: boolean,
): Promise<EncodedAnswer> {
  const isBinary = binaryOutputs(request, wantsBinary);
  const binary = response.outputs.map((output, index) => (isBinary(index) ? tensorBytes(output) : undefined));
  const outputs: Tensor[] = [];
  for (const [index, output] of response.outputs.entries()) {
    const { data } = output;
    const isSent = binary[index] === undefined;
    outputs.push({ ...output, data: !isSent ? [] : Array.isArray(data) ? data : await copyElements(data) });
  }
  const sizes = binary.map((bytes) => bytes?.byteLength);
  const transfer = outputs.flatMap(({ data }) => (Array.isArray(data) ? [] : [data.buffer as ArrayBuffer]));
  const json = await sharedCodec.run(
    { kind: 'encode', response: { ...response, outputs }, binarySizes: sizes },
    transfer,
  );
  return putTogether(json, binary);
}
