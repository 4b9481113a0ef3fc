import { Label } from '../labels.ts';
import { askedAffinity, buildNodeChoice, NODE, onOneNode, type Placement } from '../placement.ts';
import { cacheAccessMode, cacheType } from './cache.ts';
import { podSelector } from './names.ts';
import type { PodPlan } from './pod-template.ts';

/** Where the pods may run: what the user says, what the accelerator needs, and what the cache claim allows. */
export function buildPlacement(plan: PodPlan): Placement {
  const { placement, accelerator } = plan.service.spec;
  return {
    ...buildNodeChoice({ placement, accelerator }),
    ...(sharesOneNode(plan)
      ? { affinity: onOneNode(placement, podSelector(plan.service)) }
      : { ...askedAffinity(placement), ...spreadOverNodes(plan) }),
  };
}

/** A ReadWriteOnce claim can be mounted on one node only. */
function sharesOneNode({ service, model, settings }: PodPlan): boolean {
  const isClaim = cacheType(service.spec, model, settings) === 'Claim';
  return isClaim && cacheAccessMode(service.spec, settings) === 'ReadWriteOnce';
}

/** Soft: on a cluster of one node all pods still run. Only pods of one revision count, so that a rollout spreads its own evenly. */
const spreadOverNodes = ({ service, revision }: PodPlan): Placement => ({
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey: NODE,
      whenUnsatisfiable: 'ScheduleAnyway',
      labelSelector: { matchLabels: { ...podSelector(service), [Label.revision]: revision } },
    },
  ],
});
