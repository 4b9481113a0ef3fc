import type { InferenceService } from '../../../crds/schema/inference-service.ts';
import type { Deployment } from '../../build/inference-service/children.ts';
import { APPLIED_REPLICAS } from '../../build/inference-service/names.ts';

/** Whether no pods are wanted at all. */
export const isSuspended = ({ spec }: InferenceService): boolean =>
  spec.suspend || (spec.scaling === undefined && spec.replicas === 0);

/**
 * The replicas to write into the Deployment; undefined when the number is the autoscaler's.
 *
 * With server-side apply, leaving out a field that only we own removes it, and the Deployment would drop to one pod. So at
 * the hand-over we go on writing the number we wrote last, which is noted in an annotation, until the live number differs:
 * then the autoscaler has changed it, which made it the owner, and leaving it out changes nothing.
 */
export function decideReplicas(service: InferenceService, live: Deployment | undefined): number | undefined {
  const { scaling, replicas = 1 } = service.spec;
  if (isSuspended(service)) return 0;
  if (scaling === undefined) return replicas;
  // An autoscaler leaves a Deployment without pods alone, so the first number after nothing is ours.
  if (live === undefined || live.spec.replicas === 0) return scaling.min;
  const written = live.metadata.annotations?.[APPLIED_REPLICAS];
  return written === String(live.spec.replicas) ? live.spec.replicas : undefined;
}

/** How many pods there should be now. */
export const wantedPods = (service: InferenceService, live: Deployment | undefined): number =>
  decideReplicas(service, live) ?? live?.spec.replicas ?? 1;
