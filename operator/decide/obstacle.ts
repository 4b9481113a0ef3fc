import { WriteReason } from '../../crds/schema/reasons.ts';
import type { Child, OwnerReference } from '../build/child.ts';
import type { Problem } from './problem.ts';
import { asSentence } from './words.ts';

/** An object that has the name that we wanted. */
interface Holder {
  kind: string;
  metadata: { name: string; ownerReferences?: OwnerReference[] };
}

/** Why one of our objects could not be written. */
export type Obstacle =
  | { outcome: 'nameTaken'; object: Holder }
  | { outcome: 'refused'; reason: 'Forbidden' | 'QuotaExceeded' | 'Invalid'; message: string };

/** Whose object it was to be, and how it speaks of a name that somebody else has. */
export interface Wanted {
  desired: Child;
  parent: { kind: string; metadata: { name: string } };
  words: { unowned: string; remedy: string };
}

/** What is refused now may be allowed later, and nothing tells us when. */
export const TRY_AGAIN_MS = 60_000;
const FORMER_GONE_MS = 2_000;

/** Whether a refusal only says that the namespace is being deleted: it takes nothing new, and everything in it goes. */
export const isNamespaceEnding = (message: string): boolean => message.includes('because it is being terminated');

/** The obstacle as a problem of the parent. */
export function obstacleProblem(obstacle: Obstacle, wanted: Wanted): Problem {
  if (obstacle.outcome === 'nameTaken')
    return formerOwn(obstacle.object, wanted.parent) ?? nameTaken(obstacle.object, wanted);
  const { kind, metadata } = wanted.desired;
  const words = refused(obstacle.reason, `${kind} "${metadata.name}"`, asSentence(obstacle.message));
  return { ...words, stalled: true, againInMs: TRY_AGAIN_MS };
}

const controllerOf = ({ metadata }: Holder): OwnerReference | undefined =>
  metadata.ownerReferences?.find(({ controller }) => controller === true);

/** An object of the parent that had this name before: the garbage collector is about to take it. */
function formerOwn(object: Holder, parent: Wanted['parent']): Problem | undefined {
  const owner = controllerOf(object);
  if (owner?.kind !== parent.kind || owner.name !== parent.metadata.name) return undefined;
  return {
    reason: WriteReason.Starting,
    message: `${object.kind} "${object.metadata.name}" of the former ${parent.kind} of this name is still being removed.`,
    stalled: false,
    againInMs: FORMER_GONE_MS,
  };
}

function nameTaken(object: Holder, { words }: Wanted): Problem {
  const owner = controllerOf(object);
  const holder = owner === undefined ? words.unowned : `belongs to ${owner.kind} "${owner.name}"`;
  return {
    reason: WriteReason.NameTaken,
    message: `${object.kind} "${object.metadata.name}" exists already and ${holder}; remove it, or ${words.remedy}.`,
    stalled: true,
    againInMs: TRY_AGAIN_MS,
  };
}

function refused(reason: 'Forbidden' | 'QuotaExceeded' | 'Invalid', what: string, message: string) {
  switch (reason) {
    case 'QuotaExceeded':
      return {
        reason: WriteReason.QuotaExceeded,
        message: `A quota of the namespace does not allow ${what}: ${message} Free some of the quota, or have it raised.`,
      };
    case 'Forbidden':
      return {
        reason: WriteReason.Forbidden,
        message: `The operator may not write ${what}: ${message} Allow it, or change what the policy objects to.`,
      };
    case 'Invalid':
      return {
        reason: WriteReason.InvalidSpec,
        message: `The API server refuses ${what}: ${message} Correct the spec.`,
      };
  }
}
