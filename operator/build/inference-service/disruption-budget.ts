import type { InferenceService } from '../../../crds/schema/inference-service.ts';
import { childMeta } from '../child-meta.ts';
import { Label } from '../labels.ts';
import type { DisruptionBudget } from './children.ts';
import { podSelector } from './names.ts';

/** One pod at a time may be taken for maintenance; with a single pod a budget would only block the drain of its node. */
export function buildDisruptionBudget(service: InferenceService): DisruptionBudget | undefined {
  if (fewestPods(service) < 2) return undefined;
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: childMeta(service, service.metadata.name, { [Label.service]: service.metadata.name }),
    spec: {
      maxUnavailable: 1,
      selector: { matchLabels: podSelector(service) },
      // A pod that is not ready serves nobody: its node may be drained.
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
    },
  };
}

const fewestPods = ({ spec }: InferenceService): number =>
  spec.suspend ? 0 : (spec.scaling?.min ?? spec.replicas ?? 1);
