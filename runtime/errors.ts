/** How one kind of failure looks to clients, and what they can do; docs/reference/errors.md is made from this table. */
interface ErrorKind {
  http: number;
  grpc: number;
  /** Asking again, unchanged, can help. */
  retryable: boolean;
  /** When it happens, for the reference. */
  when: string;
  /** What to do, for the reference. */
  remedy: string;
}

/** Every way a request can fail: HTTP status, gRPC status, and whether asking again can help. One table for all transports. */
export const ApiErrorCode = {
  InvalidJson: {
    http: 400,
    grpc: 3,
    retryable: false,
    when: 'The body is not JSON, or not UTF-8.',
    remedy: 'Send one JSON object in UTF-8.',
  },
  InvalidRequest: {
    http: 400,
    grpc: 3,
    retryable: false,
    when: 'A field, a tensor or a header is missing, unknown, or does not suit the model.',
    remedy: 'The message names the field, its value and what is taken.',
  },
  Unauthenticated: {
    http: 401,
    grpc: 16,
    retryable: false,
    when: 'A management call without the right token.',
    remedy: 'Send `Authorization: Bearer TOKEN` (gRPC: the metadata `authorization`).',
  },
  Forbidden: {
    http: 403,
    grpc: 7,
    retryable: false,
    when: 'A management call while the repository extension is off.',
    remedy: 'Start the server with `--repository-api`, or change the models where they are declared.',
  },
  UnknownModel: {
    http: 404,
    grpc: 5,
    retryable: false,
    when: 'There is no model of that name.',
    remedy: 'List the models with `POST /v2/repository/index`, `GET /v1/models`, or `kubectl get models`.',
  },
  UnknownVersion: {
    http: 404,
    grpc: 5,
    retryable: false,
    when: 'The model has no such version, or does not serve it.',
    remedy: 'Leave the version out, or use one that the metadata names.',
  },
  UnknownRoute: {
    http: 404,
    grpc: 12,
    retryable: false,
    when: 'There is nothing at this path, or no such method.',
    remedy: 'See docs/reference/protocol.md.',
  },
  UnknownJob: {
    http: 404,
    grpc: 5,
    retryable: false,
    when: 'No asynchronous request has this id, or its answer was kept long enough.',
    remedy: 'Submit it again.',
  },
  MethodNotAllowed: {
    http: 405,
    grpc: 12,
    retryable: false,
    when: 'The path takes another HTTP method.',
    remedy: 'The message names the method.',
  },
  RequestTimeout: {
    http: 408,
    grpc: 4,
    retryable: true,
    when: 'The client was too slow in sending its request.',
    remedy: 'Send it in one go.',
  },
  Conflict: {
    http: 409,
    grpc: 9,
    retryable: true,
    when: 'The model is being loaded or unloaded at this moment, or the job has ended already.',
    remedy: 'Wait for the change under way, then ask again.',
  },
  BodyTooLarge: {
    http: 413,
    grpc: 8,
    retryable: false,
    when: 'The request is larger than `--max-body-bytes`, also after it was uncompressed.',
    remedy: 'Send fewer rows in a request, or raise the limit.',
  },
  UnsupportedContent: {
    http: 415,
    grpc: 3,
    retryable: false,
    when: 'A content type or an encoding that is not taken.',
    remedy: 'The message names those that are.',
  },
  OutputNotRepresentable: {
    http: 422,
    grpc: 11,
    retryable: false,
    when: 'The answer holds NaN, an infinity or another value that JSON cannot carry.',
    remedy: 'Ask for binary outputs (`binary_data_output`) or use gRPC, which carry every value.',
  },
  Cancelled: {
    http: 499,
    grpc: 1,
    retryable: false,
    when: 'The client left or cancelled before its answer was there.',
    remedy: 'Nothing: nobody waits.',
  },
  ModelFailed: {
    http: 500,
    grpc: 13,
    retryable: false,
    when: 'The engine failed on these inputs.',
    remedy: 'The message has the reason of the engine.',
  },
  Internal: {
    http: 500,
    grpc: 13,
    retryable: false,
    when: 'The server itself failed.',
    remedy: 'Its log has the cause. Please report it.',
  },
  LoadFailed: {
    http: 500,
    grpc: 13,
    retryable: false,
    when: 'The model cannot be loaded.',
    remedy: 'The message has the reason; mend the file, then load it again.',
  },
  NotReady: {
    http: 503,
    grpc: 14,
    retryable: true,
    when: 'The model is not loaded yet, does not answer its golden request rightly, or the server is shutting down.',
    remedy: 'Ask again; clients should honour `Retry-After`.',
  },
  ModelRestarting: {
    http: 503,
    grpc: 14,
    retryable: true,
    when: 'The process that ran this request was ended: a crash, no memory, or an unload.',
    remedy: 'Ask again; the model is started anew by itself.',
  },
  QueueFull: {
    http: 503,
    grpc: 8,
    retryable: true,
    when: 'More requests wait than `--max-queue` allows, or more bytes than there is room for.',
    remedy: 'Ask again after `Retry-After`; add replicas when it happens often.',
  },
  DeadlineExceeded: {
    http: 504,
    grpc: 4,
    retryable: false,
    when: 'The answer was not there in the time that the client gave (`timeout`, `grpc-timeout`) or `--run-timeout-seconds`.',
    remedy: 'Give it more time, or send fewer rows.',
  },
} as const satisfies Record<string, ErrorKind>;
export type ApiErrorCode = keyof typeof ApiErrorCode;

/** An error that is told to the client: which field, which value, what to do. Never a path, a process id or a stack. */
export class ApiError extends Error {
  readonly code: ApiErrorCode;

  constructor(code: ApiErrorCode, message: string, options?: { cause: unknown }) {
    super(message, options);
    this.name = 'ApiError';
    this.code = code;
  }

  /** HTTP status of this error. */
  get httpStatus(): number {
    return ApiErrorCode[this.code].http;
  }
}

/** What a client may know of any error: unexpected ones say nothing of the inside. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError('Internal', 'The server failed to answer this request. Its log has the cause.', { cause: error });
}
