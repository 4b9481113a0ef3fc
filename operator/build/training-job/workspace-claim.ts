import type { TrainingJob } from '../../../crds/schema/training-job.ts';
import type { Settings } from '../../settings.ts';
import { childMeta } from '../child-meta.ts';
import { Label } from '../labels.ts';
import type { WorkspaceClaim } from './children.ts';
import { workspaceName } from './names.ts';

type AccessMode = Settings['training']['workspace']['accessMode'];

/** How the work space may be mounted. */
export const workspaceAccessMode = ({ spec }: TrainingJob, { training }: Settings): AccessMode =>
  spec.workspace?.accessMode ?? training.workspace.accessMode;

/** The claim that keeps data, checkpoints and outputs of all runs. */
export function buildWorkspaceClaim(job: TrainingJob, settings: Settings): WorkspaceClaim {
  const defaults = settings.training.workspace;
  const asked = job.spec.workspace;
  const storageClassName = asked?.storageClassName ?? defaults.storageClassName;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: childMeta(job, workspaceName(job), { [Label.trainingJob]: job.metadata.name }),
    spec: {
      accessModes: [workspaceAccessMode(job, settings)],
      resources: { requests: { storage: String(asked?.size ?? defaults.size) } },
      // No class: the default class of the cluster.
      ...(storageClassName === '' ? {} : { storageClassName }),
    },
  };
}
