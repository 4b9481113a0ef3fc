/** An answer of the API server that is not 2xx, with what is known of the Kubernetes `Status` in its body. */
export class ApiError extends Error {
  readonly code: number;
  /** The Kubernetes reason, such as `Conflict`, or '' when the body had none. */
  readonly reason: string;
  readonly retryAfterMs: number | undefined;

  constructor(answer: { code: number; reason?: string; message: string; retryAfterMs?: number | undefined }) {
    super(answer.message);
    this.name = 'ApiError';
    this.code = answer.code;
    this.reason = answer.reason ?? '';
    this.retryAfterMs = answer.retryAfterMs;
  }
}

const hasCode = (error: unknown, code: number): boolean => error instanceof ApiError && error.code === code;

/** The object, or its kind, does not exist. */
export const isNotFound = (error: unknown): boolean => hasCode(error, 404);

/** Somebody changed the object in between, or a precondition does not hold. */
export const isConflict = (error: unknown): boolean => hasCode(error, 409);

/** The API server does not let us do that. */
export const isForbidden = (error: unknown): boolean => hasCode(error, 403);

/** The resource version is older than what the API server still remembers: list again. */
export const isGone = (error: unknown): boolean =>
  error instanceof ApiError && (error.code === 410 || error.reason === 'Expired' || error.reason === 'Gone');
