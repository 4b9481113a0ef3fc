import type { V1JobSpec, V1PodSpec } from '@kubernetes/client-node';

import { DEVICE_CLAIM } from '../accelerator.ts';
import { childMeta } from '../child-meta.ts';
import { durationSeconds } from '../duration.ts';
import { canonicalJson } from '../naming.ts';
import { podSecurity } from '../pod-security.ts';
import type { StageJob } from './children.ts';
import { buildDeviceClaimTemplate } from './device-claim.ts';
import { buildFetchContainers } from './fetch-containers.ts';
import { mpiFiles } from './frameworks/mpi/files.ts';
import { buildMeetContainers } from './meet-container.ts';
import { stageJobName, workersServiceName } from './names.ts';
import { buildPlacement } from './placement.ts';
import type { StagePlan } from './plan.ts';
import { buildRoleContainers } from './role-containers.ts';
import { buildStageContainer } from './stage-container.ts';
import { parametersOf } from './stage-document.ts';
import { stageLabels } from './stage-labels.ts';
import { buildVolumes, hasMpiFiles, mpiAnnotation, PARAMETERS } from './volumes.ts';
import { workersOf } from './workers.ts';

const QUEUE = 'kueue.x-k8s.io/queue-name';
const GRACE_SECONDS = 30;

/** The Job of one try of a stage. Whether it is suspended is left to queues: Kueue sets it, nobody else does. */
export function buildStageJob(plan: StagePlan): StageJob {
  const { queueName } = plan.job.spec;
  const queue: Record<string, string> = queueName === undefined ? {} : { [QUEUE]: queueName };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: childMeta(plan.job, stageJobName(plan), { ...stageLabels(plan), ...queue }),
    spec: buildJobSpec(plan),
  };
}

function buildJobSpec(plan: StagePlan): V1JobSpec {
  const seconds = deadlineSeconds(plan);
  return {
    completionMode: 'Indexed',
    ...podCounts(plan),
    ...(seconds === undefined ? {} : { activeDeadlineSeconds: seconds }),
    ttlSecondsAfterFinished: plan.settings.training.keepSeconds,
    template: {
      metadata: { labels: stageLabels(plan), annotations: annotationsOf(plan) },
      spec: buildPodSpec(plan),
    },
  };
}

/** Tries are counted by the operator, which knows why one failed. Only elastic workers are replaced one by one. */
function podCounts({ stage, job: { spec } }: StagePlan) {
  const { count = 1, minCount } = (stage === 'train' ? spec.workers : undefined) ?? {};
  const counts = { completions: count, parallelism: count };
  return minCount === undefined
    ? { ...counts, backoffLimit: 0 }
    : { ...counts, backoffLimitPerIndex: spec.maxRestarts, maxFailedIndexes: count - minCount };
}

/** The deadline of a run bounds its training; the operator sees to what other stages took of it. */
function deadlineSeconds({ stage, job: { spec }, settings }: StagePlan): number | undefined {
  if (stage !== 'train') return settings.training.stageDeadlineSeconds;
  return spec.deadline === undefined ? undefined : durationSeconds(spec.deadline);
}

/** What becomes files in the pods. */
const annotationsOf = (plan: StagePlan): Record<string, string> => ({
  [PARAMETERS]: canonicalJson(parametersOf(plan)),
  ...(hasMpiFiles(plan) ? mpiAnnotations(plan) : {}),
});

const mpiAnnotations = (plan: StagePlan): Record<string, string> =>
  Object.fromEntries(Object.entries(mpiFiles(workersOf(plan))).map(([path, text]) => [mpiAnnotation(path), text]));

function buildPodSpec(plan: StagePlan): V1PodSpec {
  const initContainers = [...buildFetchContainers(plan), ...buildMeetContainers(plan), ...buildRoleContainers(plan)];
  const { imagePullSecrets } = plan.settings;
  return {
    restartPolicy: 'Never',
    ...(isWorkersJob(plan) ? { subdomain: workersServiceName(plan.job) } : {}),
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: GRACE_SECONDS,
    ...(imagePullSecrets.length === 0 ? {} : { imagePullSecrets: imagePullSecrets.map((name) => ({ name })) }),
    securityContext: podSecurity(),
    ...(initContainers.length === 0 ? {} : { initContainers }),
    containers: [buildStageContainer(plan)],
    volumes: buildVolumes(plan),
    ...deviceClaims(plan),
    ...buildPlacement(plan),
  };
}

const isWorkersJob = ({ stage, job: { spec } }: StagePlan): boolean =>
  stage === 'train' && (spec.workers?.count ?? 1) > 1;

function deviceClaims({ stage, job }: StagePlan): Pick<V1PodSpec, 'resourceClaims'> {
  const template = stage === 'train' ? buildDeviceClaimTemplate(job) : undefined;
  if (template === undefined) return {};
  return { resourceClaims: [{ name: DEVICE_CLAIM, resourceClaimTemplateName: template.metadata.name }] };
}
