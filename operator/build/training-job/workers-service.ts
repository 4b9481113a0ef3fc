import { childMeta } from '../child-meta.ts';
import { Component, Label } from '../labels.ts';
import type { WorkersService } from './children.ts';
import { workersServiceName } from './names.ts';
import type { StagePlan } from './plan.ts';

/**
 * The headless Service that gives workers their names; undefined for a single worker. One for all tries, runs and trials:
 * the name of a worker begins with the name of its Job, so no worker finds one of another try. Names are published before
 * the pods are ready: the workers wait for each other.
 */
export function buildWorkersService({ job }: Pick<StagePlan, 'job'>): WorkersService | undefined {
  if ((job.spec.workers?.count ?? 1) === 1) return undefined;
  const labels = { [Label.trainingJob]: job.metadata.name };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: childMeta(job, workersServiceName(job), labels),
    spec: {
      clusterIP: 'None',
      publishNotReadyAddresses: true,
      selector: { ...labels, [Label.component]: Component.training },
    },
  };
}
