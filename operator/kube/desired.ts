import { createHash } from 'node:crypto';
import type { KubeObject, ObjectRef, OwnerReference } from './cluster.ts';
import { covers } from './covers.ts';
import { isObject } from './field-place.ts';

/** The annotation that tells whether the desired content changed since it was last written. */
export const APPLIED_HASH = 'aimass.dev/applied-hash';

/** JSON with sorted keys and without undefined, so that equal content gives equal text. */
export const canonicalJson = (value: unknown): string => JSON.stringify(canonical(value));

/** The same value with sorted keys, without undefined. A walk of its own: JSON.stringify with a replacer takes twice as long. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((element) => canonical(element) ?? null);
  if (!isObject(value)) return value;
  const sorted: Record<string, unknown> = {};
  for (const name of Object.keys(value).sort()) {
    const member = value[name];
    if (member !== undefined) sorted[name] = canonical(member);
  }
  return sorted;
}

/**
 * What to send: a copy without undefined, with the hash of its own content. A field that is no longer wanted changes the
 * hash, so it gets removed.
 */
export function withAppliedHash<T extends KubeObject>(desired: T): T {
  const copy = canonical(desired) as T;
  const hash = createHash('sha256').update(JSON.stringify(copy)).digest('hex').slice(0, 32);
  copy.metadata.annotations = { ...copy.metadata.annotations, [APPLIED_HASH]: hash };
  return copy;
}

/**
 * Takes the version that a desired object was decided from, if it names one, apart: it is a precondition of the write, and no
 * part of the content.
 */
export function splitBasis<T extends KubeObject>(wanted: T): { content: T; basis: { resourceVersion?: string } } {
  const { resourceVersion, ...metadata } = wanted.metadata;
  return { content: { ...wanted, metadata }, basis: resourceVersion === undefined ? {} : { resourceVersion } };
}

/** Whether applying `desired` (with its hash) would change nothing of the live object. */
export const saysTheSame = (live: KubeObject, desired: KubeObject): boolean =>
  live.metadata.annotations?.[APPLIED_HASH] === desired.metadata.annotations?.[APPLIED_HASH] && covers(live, desired);

/** The owner that controls the object. */
export const controllerOf = (object: KubeObject): OwnerReference | undefined =>
  object.metadata.ownerReferences?.find((owner) => owner.controller === true);

/** The one controlling owner of a desired object; a programming error when there is not exactly one. */
export function requireController(desired: KubeObject): OwnerReference {
  const controllers = (desired.metadata.ownerReferences ?? []).filter((owner) => owner.controller === true);
  const [controller] = controllers;
  if (controller === undefined || controllers.length > 1) {
    throw new TypeError(
      `${describeRef(refOf(desired))} must have exactly one controlling owner, has ${controllers.length}`,
    );
  }
  return controller;
}

/** The reference to an object. */
export const refOf = ({ apiVersion, kind, metadata }: KubeObject): ObjectRef => ({
  apiVersion,
  kind,
  name: metadata.name,
  ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
});

/** How an object is named in messages, such as `Deployment team-a/digits`. */
export const describeRef = ({ kind, namespace, name }: ObjectRef): string =>
  namespace === undefined ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;

/** Whether a live object is ours to change. */
export type Claim = (live: KubeObject) => boolean;

/** Claims objects that carry the same value of a label as the desired one; a programming error when that has none. */
export function bearsLabel(desired: KubeObject, label: string): Claim {
  const value = desired.metadata.labels?.[label];
  if (value === undefined) throw new TypeError(`${describeRef(refOf(desired))} must have the label ${label}`);
  return (live) => live.metadata.labels?.[label] === value;
}
