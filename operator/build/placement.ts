import type { V1Affinity, V1PodAffinityTerm, V1PodSpec } from '@kubernetes/client-node';
import type { InferenceServiceSpec } from '../../crds/schema/inference-service.ts';
import { type Accelerator, acceleratorTolerations, productSelector } from './accelerator.ts';

/** Label of a node with its name. */
export const NODE = 'kubernetes.io/hostname';
const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';

/** Where pods may run, as the user says it; every kind says it alike. */
export type AskedPlacement = InferenceServiceSpec['placement'];

/** The part of a pod that says where it may run. */
export type Placement = Pick<
  V1PodSpec,
  'nodeSelector' | 'tolerations' | 'affinity' | 'priorityClassName' | 'topologySpreadConstraints'
>;

interface Wishes {
  placement: AskedPlacement;
  accelerator: Accelerator | undefined;
}

/** What the user says, and what the accelerator needs; affinity aside. */
export function buildNodeChoice({ placement, accelerator }: Wishes): Placement {
  const nodeSelector = { ...placement?.nodeSelector, ...productSelector(accelerator) };
  const tolerations = [...(placement?.tolerations ?? []), ...acceleratorTolerations(accelerator)] as NonNullable<
    V1PodSpec['tolerations']
  >;
  return {
    ...(Object.keys(nodeSelector).length === 0 ? {} : { nodeSelector }),
    ...(tolerations.length === 0 ? {} : { tolerations }),
    ...(placement?.priorityClassName === undefined ? {} : { priorityClassName: placement.priorityClassName }),
  };
}

/** The user's affinity as it is; empty when there is none. */
export const askedAffinity = (placement: AskedPlacement): Placement =>
  placement?.affinity === undefined ? {} : { affinity: placement.affinity as V1Affinity };

/** The user's affinity, and on the node of all other pods with these labels. */
export function onOneNode(placement: AskedPlacement, matchLabels: Record<string, string>): V1Affinity {
  const affinity = (placement?.affinity ?? {}) as Readonly<
    Record<string, Readonly<Record<string, V1PodAffinityTerm[]>>>
  >;
  const term: V1PodAffinityTerm = { topologyKey: NODE, labelSelector: { matchLabels } };
  const given = affinity.podAffinity ?? {};
  return { ...affinity, podAffinity: { ...given, [REQUIRED]: [...(given[REQUIRED] ?? []), term] } };
}
