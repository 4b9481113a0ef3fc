import type { Logger } from './log.ts';

/** The part of `process` that the policy uses. */
export interface ProcessLike {
  on: (event: 'uncaughtException' | 'unhandledRejection', listener: (error: unknown) => void) => unknown;
  exit: (code: number) => void;
}

/** An error that nobody handled leaves the process in a state that nobody knows: say so and start afresh. */
export function exitOnUnhandledErrors(log: Logger, target: ProcessLike = process): void {
  target.on('uncaughtException', (err) => {
    log.fatal({ err }, 'uncaught exception');
    target.exit(1);
  });
  target.on('unhandledRejection', (err) => {
    log.fatal({ err }, 'unhandled rejection');
    target.exit(1);
  });
}
