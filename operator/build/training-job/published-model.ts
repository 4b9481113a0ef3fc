import type { TrainingJob } from '../../../crds/schema/training-job.ts';
import { API_VERSION } from '../../../crds/schema/shared.ts';
import { Label, MANAGED_BY } from '../labels.ts';
import { taskOf } from './task.ts';

/**
 * The Model that follows this job; undefined when the job names none. It has no owner: it stays in service when the job
 * that made it is deleted.
 */
export function buildPublishedModel({ metadata, spec }: TrainingJob) {
  const model = spec.publish?.model;
  if (model === undefined) return undefined;
  const card = spec.publish?.card;
  return {
    apiVersion: API_VERSION,
    kind: 'Model' as const,
    metadata: {
      name: model.name,
      namespace: metadata.namespace,
      labels: { [Label.managedBy]: MANAGED_BY, [Label.trainingJob]: metadata.name },
    },
    spec: {
      task: taskOf(spec),
      source: { trainingJob: { name: metadata.name } },
      ...(card === undefined ? {} : { card }),
    },
  };
}
