import { asSentence } from '../../words.ts';
import type { Search } from './search.ts';
import type { TrialRecord } from './trial-record.ts';

/** The output of a trial that has ended well, which alone tells its objective, and cannot be read. */
export interface Unread {
  /** What the API server says. */
  why: string;
  /** When the trial ended. */
  since: Date;
}

/** A node that is only busy, or restarts, answers within that. */
const PATIENCE_MS = 60_000;
const AGAIN_MS = 10_000;
const LONGEST_WHY = 120;

/** In how many milliseconds it is tried again; undefined when it was tried for long enough. */
export function readAgainInMs({ since }: Unread, now: Date): number | undefined {
  const restMs = since.getTime() + PATIENCE_MS - now.getTime();
  return restMs <= 0 ? undefined : Math.min(AGAIN_MS, Math.max(1000, restMs));
}

/** Why the trial counts as failed, and what to do. */
export const unreadMessage = ({ number }: TrialRecord, { objective }: Search, { why }: Unread): string =>
  `Trial ${number} ended well, but reported no "${objective.metric}", and its log cannot be read: ${asSentence(why.slice(0, LONGEST_WHY))} Check its node and the rights on pods/log, or have it leave {"metrics":{"${objective.metric}":0.9}} in /dev/termination-log.`;
