import type { ObservedJob, ObservedPod } from './observed.ts';
import { createdAt } from './observed.ts';
import { firstFailure, type Failure } from './failure.ts';
import { readReports } from './pod-reports.ts';
import type { Findings } from './report.ts';
import { explainWaiting } from './waiting.ts';

/** What keeps a verification from going on, as a sentence, and since when its Job has been there. */
export interface Waiting {
  what: string;
  since: string | undefined;
}

/** How far a verification is. */
export type Progress =
  | { state: 'missing' }
  | { state: 'running'; waiting?: Waiting }
  | { state: 'succeeded'; findings: Findings; image: string; finishedAt: string }
  | { state: 'failed'; failure: Failure; finishedAt?: string };

/** Everything that is known of one verification. */
export interface Observed {
  job: ObservedJob | undefined;
  pods: readonly ObservedPod[];
  /** Messages of warning events about the Job or its pod, newest first. */
  warnings: readonly string[];
  /** What it was last seen waiting for. */
  lastWaitingFor?: string | undefined;
}

/** Reads a verification from its Job and pods: a report wins over everything else, for it was written by who knows. */
export function decideProgress(observed: Observed): Progress {
  const pods = observed.pods.toSorted((a, b) => createdAt(b).localeCompare(createdAt(a)));
  for (const pod of pods) {
    const told = readReports(pod);
    if (told !== undefined) return told;
  }
  const { job, warnings, lastWaitingFor } = observed;
  if (job === undefined || job.metadata.deletionTimestamp !== undefined) return { state: 'missing' };
  const failure = firstFailure({ job, pod: pods[0], lastWaitingFor });
  if (failure !== undefined) return { state: 'failed', failure };
  const waitingFor = explainWaiting({ pod: pods[0], warnings });
  return waitingFor === undefined
    ? { state: 'running' }
    : { state: 'running', waiting: { what: waitingFor, since: job.metadata.creationTimestamp } };
}
