import { ApiErrorCode, toApiError } from '../errors.ts';

/** The gRPC status codes that this server gives by itself; the others come from the table of errors. */
export const GrpcStatus = {
  Ok: 0,
  Cancelled: 1,
  InvalidArgument: 3,
  DeadlineExceeded: 4,
  NotFound: 5,
  ResourceExhausted: 8,
  Unimplemented: 12,
  Internal: 13,
  Unavailable: 14,
} as const;

/** Headers of an answer. */
export type Headers = Record<string, string | number>;

/** A failure of the transport itself: bad frames, unknown methods and the like. */
export class GrpcFailure extends Error {
  readonly status: number;
  readonly headers: Headers;

  constructor(status: number, message: string, headers: Headers = {}) {
    super(message);
    this.name = 'GrpcFailure';
    this.status = status;
    this.headers = headers;
  }
}

/** A failure as clients see it. */
export interface FailureAnswer {
  status: number;
  message: string;
  headers: Headers;
  /** The failure is the server's fault and belongs into its log; being busy or not ready is none. */
  isOurs: boolean;
}

const RETRY_AFTER_MS = 1000;

/** Says a failure in gRPC's words; retryable ones tell clients when to come again. */
export function describeFailure(error: unknown): FailureAnswer {
  if (error instanceof GrpcFailure)
    return { status: error.status, message: error.message, headers: error.headers, isOurs: false };
  const known = toApiError(error);
  const { grpc: status, retryable, http } = ApiErrorCode[known.code];
  const headers: Headers = retryable ? { 'grpc-retry-pushback-ms': RETRY_AFTER_MS } : {};
  return { status, message: known.message, headers, isOurs: http === 500 };
}

/** The trailers of a failure. */
export const failureTrailers = ({ status, message, headers }: FailureAnswer): Headers => ({
  ...headers,
  'grpc-status': status,
  'grpc-message': percentEncode(message),
});

/** Clients bound the size of trailers, commonly to 8 KiB. */
const MAX_MESSAGE_BYTES = 4000;
const PLAIN = /^[ -$&-~]*$/;

/** Encodes a message for the header grpc-message: printable ASCII but "%" stays, other bytes of UTF-8 become %XX. */
export function percentEncode(message: string): string {
  if (message.length <= MAX_MESSAGE_BYTES && PLAIN.test(message)) return message;
  let encoded = '';
  for (const byte of Buffer.from(message.slice(0, MAX_MESSAGE_BYTES), 'utf8')) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    if (encoded.length >= MAX_MESSAGE_BYTES) break;
  }
  return encoded;
}
