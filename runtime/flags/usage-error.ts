/** Wrong use of the command line; the message says what to write. */
export class UsageError extends Error {}
