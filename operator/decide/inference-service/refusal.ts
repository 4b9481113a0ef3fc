import { ServiceReason } from '../../../crds/schema/reasons.ts';
import type { Child } from '../../build/inference-service/children.ts';
import type { Problem } from './facts.ts';
import { asSentence } from './model-problem.ts';

/** Why one of our objects could not be written. */
export type Obstacle =
  | { outcome: 'nameTaken'; object: Child }
  | { outcome: 'refused'; desired: Child; reason: 'Forbidden' | 'QuotaExceeded' | 'Invalid'; message: string };

/** What is refused now may be allowed later, and nothing tells us when. */
const TRY_AGAIN_MS = 60_000;

/** The obstacle as a problem of the service. */
export const obstacleProblem = (obstacle: Obstacle): Problem =>
  obstacle.outcome === 'nameTaken' ? nameTaken(obstacle.object) : refused(obstacle);

function nameTaken({ kind, metadata }: Child): Problem {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  const holder = owner === undefined ? 'was not made by AI Mass' : `belongs to ${owner.kind} "${owner.name}"`;
  return {
    reason: ServiceReason.NameTaken,
    message: `${kind} "${metadata.name}" exists already and ${holder}; remove it, or give the InferenceService another name.`,
    stalled: true,
    againInMs: TRY_AGAIN_MS,
  };
}

function refused({ desired, reason, message }: Obstacle & { outcome: 'refused' }): Problem {
  const what = `${desired.kind} "${desired.metadata.name}"`;
  return { ...wordsFor(reason, what, asSentence(message)), stalled: true, againInMs: TRY_AGAIN_MS };
}

function wordsFor(reason: 'Forbidden' | 'QuotaExceeded' | 'Invalid', what: string, message: string) {
  switch (reason) {
    case 'QuotaExceeded':
      return {
        reason: ServiceReason.QuotaExceeded,
        message: `A quota of the namespace does not allow ${what}: ${message} Free some of the quota, or have it raised.`,
      };
    case 'Forbidden':
      return {
        reason: ServiceReason.Forbidden,
        message: `The operator may not write ${what}: ${message} Allow it, or change what the policy objects to.`,
      };
    case 'Invalid':
      return {
        reason: ServiceReason.InvalidSpec,
        message: `The API server refuses ${what}: ${message} Correct the spec.`,
      };
  }
}
