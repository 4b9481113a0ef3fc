/** Every way a request can fail: HTTP status, gRPC status, and whether asking again can help. One table for all transports. */
export const ApiErrorCode = {
  InvalidJson: { http: 400, grpc: 3, retryable: false },
  InvalidRequest: { http: 400, grpc: 3, retryable: false },
  UnknownModel: { http: 404, grpc: 5, retryable: false },
  UnknownVersion: { http: 404, grpc: 5, retryable: false },
  UnknownRoute: { http: 404, grpc: 12, retryable: false },
  MethodNotAllowed: { http: 405, grpc: 12, retryable: false },
  RequestTimeout: { http: 408, grpc: 4, retryable: true },
  BodyTooLarge: { http: 413, grpc: 8, retryable: false },
  UnsupportedContent: { http: 415, grpc: 3, retryable: false },
  OutputNotRepresentable: { http: 422, grpc: 11, retryable: false },
  ModelFailed: { http: 500, grpc: 13, retryable: false },
  Internal: { http: 500, grpc: 13, retryable: false },
  NotReady: { http: 503, grpc: 14, retryable: true },
} as const;
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
