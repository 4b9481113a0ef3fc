import type { TrainingJob } from '../../../crds/schema/training-job.ts';
import { TrainingReason } from '../../../crds/schema/reasons.ts';
import type { StageName } from '../../../crds/schema/training/status.ts';
import { explainCapacity, type Capacity } from '../capacity.ts';
import { explainPodRefusal, type Refuser } from '../pod-refusal.ts';
import { claimUnbound, deviceClassMissing, pullFailure, schedulerRefusal } from '../pod-obstacles.ts';
import { asSentence, remedyForMissing, schedulerWords } from '../words.ts';
import { containersOf, isRunning, trueCondition, workerName, type Pod } from './observed.ts';
import { afterGrace, type Problem } from '../problem.ts';

/** What is known of a stage whose pods do not all run. */
export interface WaitingFacts {
  job: TrainingJob;
  stage: StageName;
  trial?: number | undefined;
  pods: readonly Pod[];
  wanted: number;
  now: Date;
  /** The newest warning about the Job or the pod that waits, when events were looked at. */
  warning?: string | undefined;
  /** Nodes and their load, when they were looked at. */
  capacity?: Capacity | undefined;
}

interface PodFacts extends WaitingFacts {
  pod: Pod;
}
type Check = (facts: PodFacts) => Problem | undefined;

/** Nodes come and accelerators are freed without a person where a cluster scales itself; after this time it does not look so. */
const CAPACITY_GRACE_MS = 600_000;
const KIND = 'TrainingJob';
const REASONS: Readonly<Record<Refuser, TrainingReason>> = {
  quota: TrainingReason.QuotaExceeded,
  spec: TrainingReason.InvalidSpec,
  policy: TrainingReason.Forbidden,
};

/** Where the requests of a stage's pods are given. */
const requestsField = (stage: StageName): string =>
  stage === 'train' ? 'spec.workers.resources.requests' : 'training.stageRequests of the platform';

/** Where all of their resources are given. */
const resourcesField = (stage: StageName): string =>
  stage === 'train' ? 'spec.workers.resources' : 'training.stageRequests of the platform';

const unschedulable: Check = ({ pod, stage, now, capacity }) => {
  const refusal = schedulerRefusal(pod);
  if (refusal === undefined) return undefined;
  const { message = '', lastTransitionTime } = refusal;
  const held = capacity === undefined ? undefined : explainCapacity(pod, capacity, requestsField(stage));
  const noNode = `No node can take it: ${schedulerWords(message)} Free capacity, change ${resourcesField(stage)} or spec.placement, or add a node.`;
  return {
    reason: TrainingReason.Unschedulable,
    message: unboundClaim(message) ?? deviceClassMissing(message, 'spec.workers.accelerator') ?? held ?? noNode,
    ...afterGrace(now.getTime() - new Date(lastTransitionTime ?? now).getTime(), CAPACITY_GRACE_MS),
  };
};

function unboundClaim(message: string): string | undefined {
  const words = claimUnbound(message, KIND);
  return words === undefined ? undefined : `Its volume claim is not bound: ${words}`;
}

const imagePull: Check = ({ pod }) => {
  const message = pullFailure(containersOf(pod));
  return message === undefined ? undefined : { reason: TrainingReason.ImagePullFailed, message, stalled: true };
};

/** Volumes that cannot be mounted and the like are told by events only. */
const cannotStart: Check = ({ pod, warning }) => {
  const waiting = containersOf(pod).find(({ state }) => state?.waiting?.reason?.endsWith('Error') === true)?.state
    ?.waiting;
  const why = waiting?.message ?? warning;
  if (why === undefined) return undefined;
  return {
    reason: TrainingReason.Starting,
    message: `${asSentence(why)}${remedyForMissing(why, KIND)}`,
    stalled: waiting !== undefined,
  };
};

const checks: readonly Check[] = [unschedulable, imagePull, cannotStart];

/** What the pods of a stage wait for; undefined while all run, or are only on their way. */
export function decideWaiting(facts: WaitingFacts): Problem | undefined {
  const { pods, warning, stage } = facts;
  if (pods.length === 0) {
    if (warning === undefined) return undefined;
    const { refuser, message } = explainPodRefusal(warning, resourcesField(stage));
    return { reason: REASONS[refuser], message, stalled: true };
  }
  for (const pod of pods.filter((other) => !isRunning(other))) {
    const problem = checks.map((check) => check({ ...facts, pod })).find((found) => found !== undefined);
    if (problem !== undefined) return { ...problem, message: `${countOf(facts, pod)}: ${problem.message}` };
  }
  return undefined;
}

/** How many run, where there are several, and which one is spoken of. */
function countOf({ pods, wanted, stage, trial }: WaitingFacts, pod: Pod): string {
  if (wanted === 1) return trial === undefined ? `Stage ${stage} waits` : `Trial ${trial} waits`;
  return `${pods.filter(isRunning).length} of ${wanted} ${workersOf(trial)} run; ${workerName(pod, false)} waits`;
}

/** What the pods of a training are called: those of one trial among many are called so. */
export const workersOf = (trial: number | undefined): string =>
  trial === undefined ? 'workers' : `workers of trial ${trial}`;

/** A queue of Kueue has not let the Job in yet, or has taken its place away. */
export function decideQueued({ spec }: TrainingJob, message: string | undefined): Problem {
  const queue = spec.queueName === undefined ? 'A queue' : `Queue "${spec.queueName}"`;
  const why = message === undefined ? '' : ` Kueue says: ${asSentence(message)}`;
  return {
    reason: TrainingReason.Queued,
    message: `${queue} has not admitted the Job yet.${why} See "kubectl describe localqueue", and who holds its quota.`,
    stalled: false,
  };
}

/** Whether nothing tells yet why the pod does not run: neither the scheduler nor the kubelet. */
export const isSilent = (pod: Pod): boolean =>
  !isRunning(pod) &&
  trueCondition(pod.status?.conditions, 'PodScheduled') !== undefined &&
  containersOf(pod).every(({ state }) => state?.running === undefined && state?.terminated === undefined);
