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

/**
 * The claim that keeps data, checkpoints and outputs of all runs. What the user leaves open stays as it was made: a claim can
 * hardly be changed, and a new default of the platform must not break what exists.
 */
export function buildWorkspaceClaim(job: TrainingJob, settings: Settings, live?: WorkspaceClaim): WorkspaceClaim {
  const asked = job.spec.workspace;
  const made = live === undefined ? defaultsOf(job, settings) : valuesOf(live);
  const storageClassName = asked?.storageClassName ?? made.storageClassName;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: childMeta(job, workspaceName(job), { [Label.trainingJob]: job.metadata.name }),
    spec: {
      accessModes: [asked?.accessMode ?? made.accessMode],
      resources: { requests: { storage: String(asked?.size ?? made.size) } },
      ...(storageClassName === undefined ? {} : { storageClassName }),
    },
  };
}

interface Values {
  accessMode: string;
  size: string;
  storageClassName: string | undefined;
}

/** No class: the default class of the cluster. */
const defaultsOf = (job: TrainingJob, settings: Settings): Values => ({
  accessMode: workspaceAccessMode(job, settings),
  size: settings.training.workspace.size,
  storageClassName: settings.training.workspace.storageClassName || undefined,
});

const valuesOf = ({ spec }: WorkspaceClaim): Values => ({
  accessMode: spec.accessModes?.[0] ?? 'ReadWriteOnce',
  size: spec.resources?.requests?.storage ?? '0',
  storageClassName: spec.storageClassName,
});
