import type { ApiErrorCode } from '../../errors.ts';
import type { InferRequest } from '../../protocol/v2-request.ts';
import type { InferResponse } from '../../protocol/v2-response.ts';

/** A body to be read. */
export interface DecodeJob {
  kind: 'decode';
  body: Uint8Array<ArrayBuffer>;
  /** The header that says where the JSON ends and the bytes of tensors begin. */
  jsonLength: string | undefined;
}

/** An answer to be written as JSON. */
export interface EncodeJob {
  kind: 'encode';
  response: InferResponse;
  /** Sizes of the outputs that are sent as bytes and so are not in `response`. */
  binarySizes: readonly (number | undefined)[];
}

export type CodecJob = DecodeJob | EncodeJob;

/** What a job gives. */
export interface CodecResults {
  decode: { request: InferRequest; wantsBinary: boolean };
  encode: Uint8Array<ArrayBuffer>;
}

/** An error on its way between threads; without a code it was not foreseen. */
export interface CodecFailure {
  code: ApiErrorCode | undefined;
  message: string;
}

/** The answer of the thread. */
export type CodecReply =
  { isDone: true; result: CodecResults[keyof CodecResults] } | { isDone: false; failure: CodecFailure };
