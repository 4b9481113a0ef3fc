/** What is known of an answer that is not 2xx. */
export interface ApiAnswer {
  code: number;
  reason?: string;
  message: string;
  detail?: string;
  retryAfterMs?: number | undefined;
}

/** An answer of the API server that is not 2xx, with what is known of the Kubernetes `Status` in its body. */
export class ApiError extends Error {
  readonly code: number;
  /** The Kubernetes reason, such as `Conflict`, or '' when the body had none. */
  readonly reason: string;
  /** What the API server said, without what was being done. */
  readonly detail: string;
  readonly retryAfterMs: number | undefined;

  constructor(answer: ApiAnswer) {
    super(answer.message);
    this.name = 'ApiError';
    this.code = answer.code;
    this.reason = answer.reason ?? '';
    this.detail = answer.detail ?? answer.message;
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

/** The uid that was sent is not that of the object which now has the name: the one that was meant is gone. */
export const isAnotherObject = (error: unknown): boolean =>
  error instanceof ApiError &&
  (error.code === 409 || error.code === 422) &&
  /metadata\.uid|uid mismatch|\bUID in/.test(error.detail);

/** The object is gone, as opposed to its kind or its subresource. */
export const isObjectGone = (error: unknown, name: string): boolean =>
  error instanceof ApiError && error.code === 404 && error.detail.includes(`"${name}"`);
