import type { TrainingJob } from '../../../crds/schema/training-job.ts';
import { TrainingReason } from '../../../crds/schema/reasons.ts';
import type { Child, OwnerReference } from '../../build/child.ts';
import { asSentence } from '../words.ts';
import type { Problem } from './problem.ts';

/** An object that has the name that we wanted. */
interface Holder {
  kind: string;
  metadata: { name: string; ownerReferences?: OwnerReference[] };
}

/** Why one of our objects could not be written. */
export type Obstacle =
  | { outcome: 'nameTaken'; object: Holder }
  | { outcome: 'refused'; reason: 'Forbidden' | 'QuotaExceeded' | 'Invalid'; message: string };

/** What is refused now may be allowed later, and nothing tells us when. */
const TRY_AGAIN_MS = 60_000;
const FORMER_GONE_MS = 2_000;

/** A namespace that is being deleted takes nothing new, and everything in it goes. */
export const isNamespaceEnding = (obstacle: Obstacle): boolean =>
  obstacle.outcome === 'refused' && obstacle.message.includes('because it is being terminated');

/** The obstacle as a problem of the job. */
export function obstacleProblem(obstacle: Obstacle, desired: Child, job: TrainingJob): Problem {
  if (obstacle.outcome === 'refused') {
    const what = `${desired.kind} "${desired.metadata.name}"`;
    return { ...refused(obstacle.reason, what, asSentence(obstacle.message)), stalled: true, againInMs: TRY_AGAIN_MS };
  }
  return formerOwn(obstacle.object, job) ?? nameTaken(obstacle.object);
}

/** An object of the job that had this name before: the garbage collector is about to take it. */
function formerOwn({ kind, metadata }: Holder, job: TrainingJob): Problem | undefined {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (owner?.kind !== job.kind || owner.name !== job.metadata.name) return undefined;
  return {
    reason: TrainingReason.Starting,
    message: `${kind} "${metadata.name}" of the former TrainingJob of this name is still being removed.`,
    stalled: false,
    againInMs: FORMER_GONE_MS,
  };
}

function nameTaken({ kind, metadata }: Holder): Problem {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  const holder = owner === undefined ? 'was not made for this TrainingJob' : `belongs to ${owner.kind} "${owner.name}"`;
  return {
    reason: TrainingReason.NameTaken,
    message: `${kind} "${metadata.name}" exists already and ${holder}; remove it, or choose another name.`,
    stalled: true,
    againInMs: TRY_AGAIN_MS,
  };
}

function refused(reason: 'Forbidden' | 'QuotaExceeded' | 'Invalid', what: string, message: string) {
  switch (reason) {
    case 'QuotaExceeded':
      return {
        reason: TrainingReason.QuotaExceeded,
        message: `A quota of the namespace does not allow ${what}: ${message} Free some of the quota, or have it raised.`,
      };
    case 'Forbidden':
      return {
        reason: TrainingReason.Forbidden,
        message: `The operator may not write ${what}: ${message} Allow it, or change what the policy objects to.`,
      };
    case 'Invalid':
      return {
        reason: TrainingReason.InvalidSpec,
        message: `The API server refuses ${what}: ${message} Correct the spec.`,
      };
  }
}
