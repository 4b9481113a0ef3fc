/** The code that Node and its libraries put on errors, such as ENOENT; looks at the shape, as errors come from several realms. */
export function codeOf(error: unknown): string | undefined {
  const isCoded = typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string';
  return isCoded ? (error as { code: string }).code : undefined;
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  const hasMessage = typeof error === 'object' && error !== null && 'message' in error;
  return hasMessage && typeof error.message === 'string' ? error.message : 'no cause is known';
}
