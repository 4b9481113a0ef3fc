import { Label } from '../../../build/labels.ts';
import type { StagePlan } from '../../../build/training-job/plan.ts';
import { stageJobName } from '../../../build/training-job/names.ts';
import { buildStageJob } from '../../../build/training-job/stage-job.ts';
import { PARAMETERS } from '../../../build/training-job/volumes.ts';
import { hasEnded, isOverdue, type Job, type Pod } from '../../../decide/training-job/observed.ts';
import type { Problem } from '../../../decide/problem.ts';
import type { TrialRecord } from '../../../decide/training-job/search/trial-record.ts';
import type { KubeObject } from '../../../kube/cluster.ts';
import { removeQuietly } from '../../remove-quietly.ts';
import { observeJob, type Sight } from '../observe.ts';
import type { SearchContext } from './context.ts';
import { refusalProblem } from './refusal.ts';

const JOB = { apiVersion: 'batch/v1', kind: 'Job' } as const;
const POD = { apiVersion: 'v1', kind: 'Pod' } as const;

type TrialJob = Job & KubeObject;
type TrialPod = Pod & KubeObject;

/** What the Job of a trial is made from. */
const planOf = ({ job, settings, run }: SearchContext, record: TrialRecord): StagePlan => ({
  job,
  settings,
  run,
  stage: 'train',
  attempt: record.attempt,
  trial: { number: record.number, parameters: record.parameters },
});

const labelsOf = ({ job, run }: SearchContext) => ({
  [Label.trainingJob]: job.metadata.name,
  [Label.run]: String(run),
  [Label.stage]: 'train',
});

/** The Jobs of all trials of the run. */
const listTrialJobs = (context: SearchContext): readonly TrialJob[] =>
  context.cluster
    .list<TrialJob>({
      ...JOB,
      namespace: context.job.metadata.namespace,
      ownerUid: context.job.metadata.uid ?? '',
      labels: labelsOf(context),
    })
    .filter(({ metadata }) => metadata.labels?.[Label.trial] !== undefined);

/** The Job of this try, with these parameters: a ledger that somebody has deleted may give the same name for others. */
const isJobOf = (context: SearchContext, record: TrialRecord) => {
  const wanted = buildStageJob(planOf(context, record));
  const parameters = (job: { spec?: unknown }) =>
    (job.spec as { template?: { metadata?: { annotations?: Record<string, string> } } } | undefined)?.template?.metadata
      ?.annotations?.[PARAMETERS];
  return (job: TrialJob): boolean =>
    job.metadata.name === wanted.metadata.name && parameters(job) === parameters(wanted);
};

/** How far the try of a running trial is. */
export const observeTry = (context: SearchContext, record: TrialRecord): Promise<Sight> =>
  observeJob(listTrialJobs(context).find(isJobOf(context, record)), 'train', context);

/** Removes the Jobs of trials that have ended, and of tries before the one that counts. */
export async function removeEndedTries(context: SearchContext, trials: readonly TrialRecord[]): Promise<void> {
  const wanted = trials.filter(({ state }) => state === 'Running').map((record) => isJobOf(context, record));
  const ended = listTrialJobs(context).filter((job) => !wanted.some((isOf) => isOf(job)));
  for (const job of ended) await removeQuietly(context.cluster, job);
}

/** Makes the Jobs of running trials that have none; gives what stood in the way, and whether pods have to go first. */
export async function startTrials(
  context: SearchContext,
  trials: readonly TrialRecord[],
): Promise<{ problem?: Problem; isWaitingForPods: boolean }> {
  const names = new Set(listTrialJobs(context).map(({ metadata }) => metadata.name));
  let isWaitingForPods = false;
  for (const record of trials.filter(({ state }) => state === 'Running')) {
    const plan = planOf(context, record);
    if (names.has(stageJobName(plan))) continue;
    if (hasLivePods(context, record)) {
      isWaitingForPods = true;
      continue;
    }
    const job = buildStageJob(plan);
    const problem = refusalProblem(await context.cluster.apply(job), job, context.job);
    if (problem !== undefined) return { problem, isWaitingForPods };
  }
  return { isWaitingForPods };
}

/** Pods of an earlier try that still stop would write into the same folders. */
const hasLivePods = (context: SearchContext, { number }: TrialRecord): boolean =>
  context.cluster
    .list<TrialPod>({
      ...POD,
      namespace: context.job.metadata.namespace,
      labels: { ...labelsOf(context), [Label.trial]: String(number) },
    })
    .some((pod) => !hasEnded(pod) && !isOverdue(pod, context.now));
