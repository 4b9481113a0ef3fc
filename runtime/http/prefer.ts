import type { IncomingHttpHeaders } from 'node:http';

/** Longest time that a client may let the server hold its answer back. */
const MAX_WAIT_SECONDS = 60;

/** True when a client would rather be told where to look than wait (RFC 7240). */
export const prefersAsync = ({ prefer }: IncomingHttpHeaders): boolean =>
  prefer !== undefined && /(?:^|,)\s*respond-async\s*(?:[,;]|$)/i.test(String(prefer));

/** Seconds that a client would wait first, from `Prefer: wait=N`; 0 without. */
export function preferredWaitMs({ prefer }: IncomingHttpHeaders): number {
  const [, seconds] = /(?:^|,)\s*wait\s*=\s*"?(\d{1,6})"?\s*(?:[,;]|$)/i.exec(String(prefer ?? '')) ?? [];
  return waitMs(Number(seconds ?? 0));
}

/** Milliseconds to wait, within what is allowed. */
export const waitMs = (seconds: number): number => Math.min(seconds, MAX_WAIT_SECONDS) * 1000;
