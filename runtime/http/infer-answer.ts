import { tensorBytes } from '../protocol/tensor-bytes.ts';
import type { InferRequest } from '../protocol/v2-request.ts';
import { encodeInferResponse } from '../protocol/v2-response.ts';
import type { InferResponse } from '../protocol/v2-response.ts';

/** An answer ready to be sent. */
export interface EncodedAnswer {
  headers: Record<string, string>;
  /** Text where there is nothing but text: Node writes it together with the head, in one piece. */
  body: string | readonly Uint8Array[];
}

const JSON_ONLY = { 'content-type': 'application/json' };

/** Tells which outputs are sent as bytes. */
export const binaryOutputs =
  (request: InferRequest, wantsBinary: boolean) =>
  (index: number): boolean =>
    request.outputs?.[index]?.binary ?? wantsBinary;

/** Writes an answer as it was asked for: all JSON, or JSON followed by the bytes of outputs, in their order. */
export function encodeAnswer(response: InferResponse, request: InferRequest, wantsBinary: boolean): EncodedAnswer {
  const isBinary = binaryOutputs(request, wantsBinary);
  const binary = response.outputs.map((output, index) => (isBinary(index) ? tensorBytes(output) : undefined));
  const text = encodeInferResponse(
    response,
    binary.map((bytes) => bytes?.byteLength),
  );
  if (binary.every((bytes) => bytes === undefined)) return { headers: JSON_ONLY, body: text };
  return putTogether(Buffer.from(text), binary);
}

/** An answer of JSON that is there as bytes, and the outputs that follow it. */
export function putTogether(json: Uint8Array, binary: readonly (Uint8Array | undefined)[]): EncodedAnswer {
  const tail = binary.filter((bytes) => bytes !== undefined);
  if (tail.length === 0) return { headers: JSON_ONLY, body: [json] };
  return {
    headers: {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': String(json.byteLength),
    },
    body: [json, ...tail],
  };
}
