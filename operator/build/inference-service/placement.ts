import type { V1Affinity, V1PodAffinityTerm, V1PodSpec } from '@kubernetes/client-node';
import { acceleratorTolerations, productSelector } from '../accelerator.ts';
import { Label } from '../labels.ts';
import { cacheAccessMode, cacheType } from './cache.ts';
import { podSelector } from './names.ts';
import type { PodPlan } from './pod-template.ts';

const NODE = 'kubernetes.io/hostname';
const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';

type Placement = Pick<
  V1PodSpec,
  'nodeSelector' | 'tolerations' | 'affinity' | 'priorityClassName' | 'topologySpreadConstraints'
>;

/** Where the pods may run: what the user says, what the accelerator needs, and what the cache claim allows. */
export function buildPlacement(plan: PodPlan): Placement {
  const { placement, accelerator } = plan.service.spec;
  const nodeSelector = { ...placement?.nodeSelector, ...productSelector(accelerator) };
  const tolerations = [...(placement?.tolerations ?? []), ...acceleratorTolerations(accelerator)] as NonNullable<
    V1PodSpec['tolerations']
  >;
  return {
    ...(Object.keys(nodeSelector).length === 0 ? {} : { nodeSelector }),
    ...(tolerations.length === 0 ? {} : { tolerations }),
    ...(placement?.priorityClassName === undefined ? {} : { priorityClassName: placement.priorityClassName }),
    ...(sharesOneNode(plan) ? { affinity: onOneNode(plan) } : spreadOverNodes(plan)),
  };
}

/** A ReadWriteOnce claim can be mounted on one node only. */
function sharesOneNode({ service, model, settings }: PodPlan): boolean {
  const isClaim = cacheType(service.spec, model, settings) === 'Claim';
  return isClaim && cacheAccessMode(service.spec, settings) === 'ReadWriteOnce';
}

/** Soft: on a cluster of one node all pods still run. */
function spreadOverNodes({ service, revision }: PodPlan): Placement {
  const affinity = service.spec.placement?.affinity as V1Affinity | undefined;
  return {
    ...(affinity === undefined ? {} : { affinity }),
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: NODE,
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: { matchLabels: { ...podSelector(service), ...revisionLabel(revision) } },
      },
    ],
  };
}

/** Only pods of one revision count, so that a rollout spreads its own pods evenly. */
const revisionLabel = (revision: string): Record<string, string> => ({ [Label.revision]: revision });

function onOneNode({ service }: PodPlan): V1Affinity {
  const affinity = (service.spec.placement?.affinity ?? {}) as Readonly<
    Record<string, Readonly<Record<string, V1PodAffinityTerm[]>>>
  >;
  const term: V1PodAffinityTerm = { topologyKey: NODE, labelSelector: { matchLabels: podSelector(service) } };
  const given = affinity.podAffinity ?? {};
  return { ...affinity, podAffinity: { ...given, [REQUIRED]: [...(given[REQUIRED] ?? []), term] } };
}
