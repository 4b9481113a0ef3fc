import { schedulerRefusal } from '../../pod-obstacles.ts';
import type { TrainingJob } from '../../../../crds/schema/training-job.ts';
import type { Attempt } from '../attempt.ts';
import { hasStartedTogether } from '../limits.ts';
import { trueCondition, type Pod } from '../observed.ts';
import type { TrialRecord } from './trial-record.ts';

/** A try of a trial, as far as it matters to those that wait for its room. */
interface Neighbour {
  attempt: Attempt;
  pods: readonly Pod[];
}

/** The search that a trial stands in. */
export interface Line {
  job: TrainingJob;
  tries: ReadonlyMap<number, Neighbour>;
  lastEnd: Date | undefined;
}

/**
 * Since when a trial may start. Trials that wait for the room that others of their search have are in a line, and their
 * time does not count (undefined): it counts from when the last of those others ended, or they got a place.
 */
export function startsSince(own: Neighbour & { start: Date }, { job, tries, lastEnd }: Line): Date | undefined {
  if (!holdsNothing(own)) return latest(own.start, ...own.pods.map(scheduledAt));
  return [...tries.values()].some((other) => hasRoom(other, job)) ? undefined : latest(own.start, lastEnd);
}

const latest = (first: Date, ...others: readonly (Date | undefined)[]): Date =>
  others.reduce<Date>((last, other) => (other !== undefined && other > last ? other : last), first);

/** When the pod got its place. */
function scheduledAt({ status }: Pod): Date | undefined {
  const at = trueCondition(status?.conditions, 'PodScheduled')?.lastTransitionTime;
  return at === undefined ? undefined : new Date(at);
}

/** When a trial of the search ended last. */
export function lastEndOf(trials: readonly TrialRecord[]): Date | undefined {
  const last = trials.reduce((latest, { finishedAt = '' }) => (finishedAt > latest ? finishedAt : latest), '');
  return last === '' ? undefined : new Date(last);
}

/** Whether no pod has a place; one that pulls its image has. */
const holdsNothing = ({ pods }: Neighbour): boolean => pods.every((pod) => schedulerRefusal(pod) !== undefined);

/** Whether the trial runs, or has just given its room back. */
const hasRoom = ({ attempt }: Neighbour, job: TrainingJob): boolean =>
  attempt.state === 'succeeded' ||
  attempt.state === 'failed' ||
  (attempt.state === 'running' && hasStartedTogether(attempt, job));
