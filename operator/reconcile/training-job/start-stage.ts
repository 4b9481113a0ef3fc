import type { Model } from '../../../crds/schema/model.ts';
import type { TrainingJob } from '../../../crds/schema/training-job.ts';
import type { StageStatus } from '../../../crds/schema/training/status.ts';
import { buildDeviceClaimTemplate } from '../../build/training-job/device-claim.ts';
import type { WorkspaceClaim } from '../../build/training-job/children.ts';
import { workspaceName } from '../../build/training-job/names.ts';
import type { StagePlan } from '../../build/training-job/plan.ts';
import { buildStageJob } from '../../build/training-job/stage-job.ts';
import { needsWorkspace } from '../../build/training-job/stages.ts';
import { buildWorkersService } from '../../build/training-job/workers-service.ts';
import { buildWorkspaceClaim } from '../../build/training-job/workspace-claim.ts';
import { decideModels } from '../../decide/training-job/base-models.ts';
import { withStage, type Life, type Run } from '../../decide/training-job/life.ts';
import { obstacleProblem } from '../../decide/training-job/obstacle.ts';
import type { Problem } from '../../decide/problem.ts';
import { timestamp } from '../../decide/times.ts';
import type { Cluster, KubeObject } from '../../kube/cluster.ts';
import { CLAIM, MODEL, type TrainingDeps } from './deps.ts';
import { isOfEndingNamespace, obstacleOf } from './obstacle-of.ts';

/** How an attempt to start a stage ended. */
export type Start = { life: Life } | { problem: Problem } | { isNamespaceEnding: true };

/** Makes what the stage needs: the work space, the Service of the workers, their device claims, and last the Job. */
export async function startStage(
  { job, life, run }: { job: TrainingJob; life: Life; run: Run },
  stage: StageStatus,
  deps: TrainingDeps,
): Promise<Start> {
  const found = stage.name === 'prepare' ? findModels(job, deps) : { models: {} };
  if ('problem' in found) return found;
  const attempt = (stage.attempt ?? 0) + 1;
  const plan = planOf({ job, run, stage: stage.name, attempt, models: found.models }, deps);
  const made = isSearch(plan) ? undefined : buildStageJob(plan);
  for (const object of [...surroundings(plan, deps.cluster), ...(made === undefined ? [] : [made])]) {
    const obstacle = obstacleOf(await deps.cluster.apply(object as KubeObject));
    if (obstacle === undefined) continue;
    return isOfEndingNamespace(obstacle)
      ? { isNamespaceEnding: true }
      : { problem: obstacleProblem(obstacle, object, job) };
  }
  return { life: withModels(withStage(life, runningStage(stage, made?.metadata.name, deps.now())), found.models) };
}

/** Why the last try failed stays with the stage until it succeeds. */
function runningStage(stage: StageStatus, job: string | undefined, now: Date): StageStatus {
  const { retryAt: _retryAt, finishedAt: _finishedAt, ...kept } = stage;
  const attempt = (stage.attempt ?? 0) + 1;
  return { ...kept, state: 'Running', ...(job === undefined ? {} : { job }), attempt, startedAt: timestamp(now) };
}

const findModels = (job: TrainingJob, { cluster, now }: TrainingDeps) =>
  decideModels(
    job,
    (name) => cluster.get<Model & KubeObject>({ ...MODEL, namespace: job.metadata.namespace, name }),
    now(),
  );

interface Try {
  job: TrainingJob;
  run: Run;
  stage: StagePlan['stage'];
  attempt: number;
  models: StagePlan['models'];
}

const isSearch = ({ stage, job: { spec } }: StagePlan): boolean => stage === 'train' && spec.search !== undefined;

/** The files of this run and of the one before it are kept. */
const planOf = ({ job, run, stage, attempt, models }: Try, { settings }: TrainingDeps): StagePlan => ({
  job,
  settings,
  run: run.number,
  stage,
  attempt,
  models,
  ...(run.bestTrial === undefined ? {} : { bestTrial: run.bestTrial }),
  keepRuns: [run.number - 1, run.number].filter((number) => number > 0),
});

const surroundings = (plan: StagePlan, cluster: Cluster) => {
  const isTraining = plan.stage === 'train';
  const { job, settings } = plan;
  return [
    needsWorkspace(job.spec) ? buildWorkspaceClaim(job, settings, liveClaim(job, cluster)) : undefined,
    isTraining ? buildWorkersService(plan) : undefined,
    isTraining ? buildDeviceClaimTemplate(plan.job) : undefined,
  ].filter((object) => object !== undefined);
};

const liveClaim = (job: TrainingJob, cluster: Cluster) =>
  cluster.get<WorkspaceClaim & KubeObject>({ ...CLAIM, namespace: job.metadata.namespace, name: workspaceName(job) });

const withModels = (life: Life, models: StagePlan['models']): Life =>
  models?.base === undefined ? life : { ...life, baseModel: { name: models.base.name, digest: models.base.digest } };
