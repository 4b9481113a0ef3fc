import type { V1Volume, V1VolumeMount } from '@kubernetes/client-node';
import { HOSTFILE } from './frameworks/mpi.ts';
import { workspaceName } from './names.ts';
import type { StagePlan } from './plan.ts';
import { publishVolumes } from './publish-container.ts';
import { folderMount, ROOT, runFolder, runMount, RUNS_ROOT, seesAllRuns } from './run-folder.ts';
import { sourceVolumes } from './source-volumes.ts';
import { sourcesOf } from './sources.ts';
import { needsWorkspace } from './stages.ts';

/** Annotations on pods that become files in them. */
export const PARAMETERS = 'aimass.dev/parameters';
export const HOSTS = 'aimass.dev/hostfile';

/** Mounts of the container of a stage. */
export const stageMounts = (plan: StagePlan): V1VolumeMount[] => [
  ...runMounts(plan),
  { name: 'tmp', mountPath: '/tmp' },
  { name: 'shm', mountPath: '/dev/shm' },
  { name: 'parameters', mountPath: `${ROOT}/parameters.json`, subPath: 'parameters.json', readOnly: true },
  ...(seesAllRuns(plan) ? [{ name: 'workspace', mountPath: RUNS_ROOT }] : []),
  ...(hasCode(plan) ? [{ name: 'code', mountPath: `${ROOT}/code`, readOnly: true }] : []),
  ...(hasHostfile(plan) ? [{ name: 'hosts', mountPath: HOSTFILE, subPath: 'hostfile', readOnly: true }] : []),
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

/** Whether workers are told of each other by a host file. */
export const hasHostfile = ({ stage, job: { spec } }: StagePlan): boolean =>
  stage === 'train' && (spec.workers?.count ?? 1) > 1 && ['caffe', 'horovod'].includes(spec.framework);

/** All volumes of the pod of a stage. */
export const buildVolumes = (plan: StagePlan): V1Volume[] => [
  needsWorkspace(plan.job.spec)
    ? { name: 'workspace', persistentVolumeClaim: { claimName: workspaceName(plan.job) } }
    : { name: 'workspace', emptyDir: {} },
  { name: 'tmp', emptyDir: {} },
  // Data loaders share memory between processes; the runtime's default of 64 MiB ends them.
  { name: 'shm', emptyDir: { medium: 'Memory' } },
  fileOf('parameters', 'parameters.json', PARAMETERS),
  ...(hasHostfile(plan) ? [fileOf('hosts', 'hostfile', HOSTS)] : []),
  ...codeVolume(plan),
  ...(plan.stage === 'prepare' ? sourcesOf(plan).flatMap(sourceVolumes) : []),
  ...(plan.stage === 'publish' ? publishVolumes(plan) : []),
];

function codeVolume(plan: StagePlan): V1Volume[] {
  const { code } = plan.job.spec;
  return hasCode(plan) && code !== undefined ? [{ name: 'code', configMap: { name: code.configMap.name } }] : [];
}

const fileOf = (name: string, path: string, annotation: string): V1Volume => ({
  name,
  downwardAPI: {
    items: [{ path, fieldRef: { apiVersion: 'v1', fieldPath: `metadata.annotations['${annotation}']` } }],
  },
});
