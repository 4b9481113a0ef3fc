import { durationSeconds } from '../build/duration.ts';

/** Length of a duration such as `24h` in milliseconds. */
const durationMs = (duration: string): number => durationSeconds(duration) * 1000;

/** The moment one duration later. */
export const addDuration = (from: Date, duration: string): Date => new Date(from.getTime() + durationMs(duration));

/** A moment as Kubernetes writes it: whole seconds, UTC. */
export const timestamp = (moment: Date): string => `${moment.toISOString().slice(0, 19)}Z`;

const FIRST_RETRY_MS = 30_000;
const LAST_RETRY_MS = 30 * 60_000;

/** The pause after so many failed tries: 30 s, doubling up to 30 min. */
export const retryDelayMs = (attempts: number): number =>
  Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.max(0, attempts - 1));
