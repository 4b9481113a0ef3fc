import type { CandidateRevision } from '../../../crds/schema/model.ts';
import { ModelReason } from '../../../crds/schema/reasons.ts';
import { soonest } from '../soonest.ts';
import { dependsOnGolden } from './step.ts';
import type { Start } from './start.ts';

/** What the next wake-up is decided from. */
export interface WakeUpFacts {
  candidate: CandidateRevision | undefined;
  start?: Start | undefined;
  /** When the schedule asks for the next verification. */
  due: Date | undefined;
  now: Date;
}

const MINUTE_MS = 60_000;
/** Golden examples that are applied together with the Model come within seconds. */
const SOON_MS = 5_000;
/** Watches tell what happens to Jobs and pods; this look is for what they do not tell, such as events about a stuck pod. */
const PROGRESS_MS = 15_000;
const LONGEST_MS = 24 * 3_600_000;

/** In how many milliseconds to look again though nothing has changed; undefined when never. */
export function decideWakeUp({ candidate, start, due, now }: WakeUpFacts): number | undefined {
  const inMs = (moment: Date): number => Math.max(1000, moment.getTime() - now.getTime());
  return soonest(
    candidate === undefined ? undefined : candidateWait(candidate, inMs),
    blockedWait(start),
    due === undefined ? undefined : Math.min(LONGEST_MS, inMs(due)),
  );
}

function candidateWait(candidate: CandidateRevision, inMs: (moment: Date) => number): number | undefined {
  if (candidate.phase === 'Verifying') return PROGRESS_MS;
  if (candidate.reason === ModelReason.GoldenMissing && candidate.retryable === true) return SOON_MS;
  if (candidate.reason === ModelReason.GoldenMissing || dependsOnGolden(candidate)) return MINUTE_MS;
  return candidate.retryAt === undefined ? undefined : inMs(new Date(candidate.retryAt));
}

function blockedWait(start: Start | undefined): number | undefined {
  if (start?.kind === 'queued') return 10 * MINUTE_MS; // it is woken when its turn comes; this renews its place in words
  return start?.kind === 'refused' || start?.kind === 'nameTaken' ? MINUTE_MS : undefined;
}
