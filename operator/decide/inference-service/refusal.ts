import type { InferenceService } from '../../../crds/schema/inference-service.ts';
import { ServiceReason } from '../../../crds/schema/reasons.ts';
import type { Child, OwnerReference } from '../../build/child.ts';
import type { Problem } from './facts.ts';
import { asSentence } from '../words.ts';

/** An object that has the name that we wanted. */
interface Holder {
  kind: string;
  metadata: { name: string; ownerReferences?: OwnerReference[] };
}

/** Why one of our objects could not be written. */
export type Obstacle =
  | { outcome: 'nameTaken'; object: Holder }
  /** The golden examples of a revision that is to start are nowhere any more. */
  | { outcome: 'goldenLost'; model: string }
  | { outcome: 'refused'; desired: Child; reason: 'Forbidden' | 'QuotaExceeded' | 'Invalid'; message: string };

/** What is refused now may be allowed later, and nothing tells us when. */
const TRY_AGAIN_MS = 60_000;
const FORMER_GONE_MS = 2_000;

/** A namespace that is being deleted takes nothing new, and everything in it goes. */
export const isNamespaceEnding = (obstacle: Obstacle | undefined): boolean =>
  obstacle?.outcome === 'refused' && obstacle.message.includes('because it is being terminated');

/** The obstacle as a problem of the service of this name. */
export function obstacleProblem(obstacle: Obstacle, service: InferenceService): Problem {
  switch (obstacle.outcome) {
    case 'nameTaken':
      return formerOwn(obstacle.object, service) ?? nameTaken(obstacle.object);
    case 'refused':
      return refused(obstacle);
    case 'goldenLost':
      return goldenLost(obstacle.model);
  }
}

/** An object of the service that had this name before: the garbage collector is about to take it. */
function formerOwn({ kind, metadata }: Holder, service: InferenceService): Problem | undefined {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (owner?.kind !== service.kind || owner.name !== service.metadata.name) return undefined;
  return {
    reason: ServiceReason.Starting,
    message: `${kind} "${metadata.name}" of the former InferenceService of this name is still being removed.`,
    stalled: false,
    againInMs: FORMER_GONE_MS,
  };
}

const goldenLost = (model: string): Problem => ({
  reason: ServiceReason.ModelNotVerified,
  message: `The golden examples of Model "${model}" are missing; they are made again when the Model is verified again.`,
  stalled: false,
  againInMs: TRY_AGAIN_MS,
});

function nameTaken({ kind, metadata }: Holder): Problem {
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
