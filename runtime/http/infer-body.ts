import type { IncomingHttpHeaders } from 'node:http';
import { readJsonBody } from '../protocol/json-body.ts';
import type { InferRequest, TakeBytes } from '../protocol/v2-request.ts';
import { refuse, show } from '../protocol/v2-request.ts';

const HEADER = 'inference-header-content-length';

/** An inference request, and what it says about how its answer is to be written. */
export interface ReadRequest {
  request: InferRequest;
  /** Outputs come as bytes unless an output says otherwise. */
  wantsBinary: boolean;
}

/** Reads the body of an inference request: JSON, JSON followed by the bytes of tensors, or bytes alone. */
export function readInferBody(headers: IncomingHttpHeaders, body: Buffer): ReadRequest {
  const header = headers[HEADER];
  if (header === undefined) return withAnswerForm(readJsonBody(body));
  const length = readLength(header, body.byteLength);
  if (length === 0) return { request: { inputs: [], rawInput: body }, wantsBinary: true };
  const tail = body.subarray(length);
  let taken = 0;
  const take: TakeBytes = (size, place) => {
    if (taken + size > tail.byteLength) {
      refuse(place, `is ${size}, but only ${tail.byteLength - taken} bytes are left after the JSON; make them agree.`);
    }
    taken += size;
    return tail.subarray(taken - size, taken);
  };
  const request = readJsonBody(body.subarray(0, length), take);
  if (taken < tail.byteLength)
    refuse('the body', `has ${tail.byteLength - taken} bytes that belong to no input; correct binary_data_size.`);
  return withAnswerForm(request);
}

function readLength(header: string | string[], total: number): number {
  const text = String(header);
  const length = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (!(length <= total))
    refuse(
      'Inference-Header-Content-Length',
      `is ${show(text)}; send the number of bytes of the JSON, at most ${total} here.`,
    );
  return length;
}

function withAnswerForm(request: InferRequest): ReadRequest {
  const wanted = request.parameters?.['binary_data_output'];
  if (wanted !== undefined && typeof wanted !== 'boolean')
    refuse('parameters.binary_data_output', `is ${show(wanted)}; send true or false.`);
  return { request, wantsBinary: wanted === true };
}
