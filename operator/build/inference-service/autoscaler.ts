import type { InferenceService } from '../../../crds/schema/inference-service.ts';
import { childMeta } from '../child-meta.ts';
import { Label } from '../labels.ts';
import type { Autoscaler } from './children.ts';

/** The autoscaler; undefined when the number of pods is fixed, or none are wanted. */
export function buildAutoscaler(service: InferenceService): Autoscaler | undefined {
  const { scaling, suspend } = service.spec;
  if (scaling === undefined || suspend) return undefined;
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: childMeta(service, service.metadata.name, { [Label.service]: service.metadata.name }),
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: service.metadata.name },
      minReplicas: scaling.min,
      maxReplicas: scaling.max,
      metrics: [
        {
          type: 'Resource',
          resource: { name: scaling.metric, target: { type: 'Utilization', averageUtilization: scaling.target } },
        },
      ],
    },
  };
}
