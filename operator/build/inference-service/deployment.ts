import type { InferenceService } from '../../../crds/schema/inference-service.ts';
import { childMeta } from '../child-meta.ts';
import type { Deployment, Revision } from './children.ts';
import { APPLIED_REPLICAS, podSelector, surgeOf } from './names.ts';
import { Component, Label } from '../labels.ts';

/** The Deployment that runs a frozen revision. `replicas` undefined: the autoscaler owns the number, so it is not written. */
export function buildDeployment(
  service: InferenceService,
  revision: Revision,
  replicas: number | undefined,
): Deployment {
  const meta = childMeta(service, service.metadata.name, {
    [Label.service]: service.metadata.name,
    [Label.component]: Component.serving,
    [Label.model]: revision.data.model.name,
  });
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: replicas === undefined ? meta : { ...meta, annotations: { [APPLIED_REPLICAS]: String(replicas) } },
    spec: {
      ...(replicas === undefined ? {} : { replicas }),
      // The ControllerRevisions are the history; old ReplicaSets would only be more objects.
      revisionHistoryLimit: 1,
      selector: { matchLabels: podSelector(service) },
      strategy: { type: 'RollingUpdate', rollingUpdate: rollingUpdate(service) },
      template: revision.data.template,
    },
  };
}

/** Either nothing is ever missing, or nothing is ever needed beyond what runs: the user's choice. */
function rollingUpdate(service: InferenceService): { maxUnavailable: number; maxSurge: number } {
  const surge = surgeOf(service);
  return { maxUnavailable: surge === 0 ? 1 : 0, maxSurge: surge };
}
