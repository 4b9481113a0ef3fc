import type { V1Volume, V1VolumeMount } from '@kubernetes/client-node';
import { MPI_FOLDER } from './frameworks/mpi/environment.ts';
import { mpiFiles } from './frameworks/mpi/files.ts';
import { isLaunched } from './frameworks/mpi/launched.ts';
import { workspaceName } from './names.ts';
import type { StagePlan } from './plan.ts';
import { publishVolumes } from './publish-container.ts';
import { folderMount, ROOT, runFolder, runMount, RUNS_ROOT, seesAllRuns } from './run-folder.ts';
import { sourceVolumes } from './source-volumes.ts';
import { sourcesOf } from './sources.ts';
import { needsWorkspace } from './stages.ts';
import { workersOf } from './workers.ts';

const EXECUTABLE = 0o555;

/** Annotations on pods that become files in them. */
export const PARAMETERS = 'aimass.dev/parameters';

/** The annotation of a file of MPI; several are needed, because each becomes one file. */
export const mpiAnnotation = (path: string): string => `aimass.dev/mpi-${path.replace('/', '-')}`;

/** Mounts of the container of a stage. */
export const stageMounts = (plan: StagePlan): V1VolumeMount[] => [
  ...runMounts(plan),
  { name: 'tmp', mountPath: '/tmp' },
  { name: 'shm', mountPath: '/dev/shm' },
  { name: 'parameters', mountPath: `${ROOT}/parameters.json`, subPath: 'parameters.json', readOnly: true },
  ...(seesAllRuns(plan) ? [{ name: 'workspace', mountPath: RUNS_ROOT }] : []),
  ...(hasCode(plan) ? [{ name: 'code', mountPath: `${ROOT}/code`, readOnly: true }] : []),
  ...(hasMpiFiles(plan) ? [{ name: 'mpi', mountPath: MPI_FOLDER, readOnly: true }] : []),
];

/** The folder of the run, and in it those of the trial; the kubelet makes them so that the program may write there. */
function runMounts(plan: StagePlan): V1VolumeMount[] {
  const number = plan.trial?.number ?? plan.bestTrial;
  const owner = number === undefined ? runFolder(plan) : `${runFolder(plan)}/trials/${number}`;
  return [
    runMount(plan),
    folderMount(`${ROOT}/output`, `${owner}/output`),
    ...(plan.stage === 'train' ? [folderMount(`${ROOT}/checkpoints`, `${owner}/checkpoints`)] : []),
  ];
}

const hasCode = ({ stage, job }: StagePlan): boolean => stage === 'train' && job.spec.code !== undefined;

/** Whether worker 0 starts the programs of the others, and needs to know how. */
export const hasMpiFiles = ({ stage, job }: StagePlan): boolean => stage === 'train' && isLaunched(job.spec);

/** All volumes of the pod of a stage. */
export const buildVolumes = (plan: StagePlan): V1Volume[] => [
  needsWorkspace(plan.job.spec)
    ? { name: 'workspace', persistentVolumeClaim: { claimName: workspaceName(plan.job) } }
    : { name: 'workspace', emptyDir: {} },
  { name: 'tmp', emptyDir: {} },
  // Data loaders share memory between processes; the runtime's default of 64 MiB ends them.
  { name: 'shm', emptyDir: { medium: 'Memory' } },
  filesOf('parameters', { 'parameters.json': PARAMETERS }),
  ...(hasMpiFiles(plan) ? [mpiVolume(plan)] : []),
  ...codeVolume(plan),
  ...(plan.stage === 'prepare' ? sourcesOf(plan).flatMap(sourceVolumes) : []),
  ...(plan.stage === 'publish' ? publishVolumes(plan) : []),
];

function codeVolume(plan: StagePlan): V1Volume[] {
  const { code } = plan.job.spec;
  return hasCode(plan) && code !== undefined ? [{ name: 'code', configMap: { name: code.configMap.name } }] : [];
}

const mpiVolume = (plan: StagePlan): V1Volume => {
  const paths = Object.keys(mpiFiles(workersOf(plan)));
  return filesOf('mpi', Object.fromEntries(paths.map((path) => [path, mpiAnnotation(path)])), EXECUTABLE);
};

/** Annotations of the pod as files. */
const filesOf = (name: string, annotations: Readonly<Record<string, string>>, defaultMode?: number): V1Volume => ({
  name,
  downwardAPI: {
    ...(defaultMode === undefined ? {} : { defaultMode }),
    items: Object.entries(annotations).map(([path, annotation]) => ({
      path,
      fieldRef: { apiVersion: 'v1', fieldPath: `metadata.annotations['${annotation}']` },
    })),
  },
});
