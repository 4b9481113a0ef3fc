/** A timer that was started. */
export interface Timer {
  cancel: () => void;
}

/** Time as the machinery sees it, so that tests can move it. */
export interface Clock {
  /** Wall clock, milliseconds since 1970: for what others read. */
  now: () => number;
  /** Milliseconds that only go forward, whatever happens to the wall clock: for intervals. */
  monotonic: () => number;
  after: (delayMs: number, run: () => void) => Timer;
}

/** The real time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Waits; ends early, without an error, when the signal aborts. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const finish = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const timer = clock.after(delayMs, finish);
    signal?.addEventListener('abort', finish, { once: true });
  });
}
