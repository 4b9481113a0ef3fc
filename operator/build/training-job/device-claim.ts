import type { TrainingJob } from '../../../crds/schema/training-job.ts';
import { buildDeviceClaim } from '../accelerator.ts';
import { childMeta } from '../child-meta.ts';
import { Label } from '../labels.ts';
import { shortHash } from '../naming.ts';
import type { DeviceClaimTemplate } from './children.ts';
import { deviceClaimName } from './names.ts';

/** The template of the devices that each worker claims; undefined when they are not named by device class. It never changes: another class gives another name. */
export function buildDeviceClaimTemplate(job: TrainingJob): DeviceClaimTemplate | undefined {
  const spec = buildDeviceClaim(job.spec.workers?.accelerator);
  if (spec === undefined) return undefined;
  const name = deviceClaimName(job, shortHash(spec, 8));
  return {
    apiVersion: 'resource.k8s.io/v1',
    kind: 'ResourceClaimTemplate',
    metadata: childMeta(job, name, { [Label.trainingJob]: job.metadata.name }),
    spec,
  };
}
