import type { StageName } from '../../../crds/schema/training/status.ts';
import { TrainingReason } from '../../../crds/schema/reasons.ts';
import { asSentence } from '../words.ts';
import type { Failure } from './failure.ts';
import {
  containersOf,
  hasEnded,
  isOverdue,
  trueCondition,
  workerName,
  type ContainerStatus,
  type Pod,
  type Terminated,
} from './observed.ts';
import { dataNameOf, parseReport } from './reports.ts';

/** One pod of a stage, and who it is among how many. */
export interface PodCase {
  pod: Pod;
  stage: StageName;
  isAlone: boolean;
  now: Date;
}

type Check = (facts: PodCase) => Failure | undefined;

/** A node that is gone never ends its pods: nobody waits for them. */
const LOST_WITH_NODE: readonly (string | undefined)[] = ['DeletionByTaintManager', 'DeletionByPodGC'];
const LOST: readonly (string | undefined)[] = ['NodeLost', 'NodeAffinity', 'NodeShutdown', 'Terminated', 'Shutdown'];
const LONGEST_QUOTE = 1200;
const SIGNALS: Readonly<Record<number, string>> = { 137: 'SIGKILL', 143: 'SIGTERM' };

const disruptionOf = ({ status }: Pod) => trueCondition(status?.conditions, 'DisruptionTarget');

/** What the node, or who took the pod away, says of it. */
const words = (pod: Pod, otherwise: string): string =>
  asSentence(disruptionOf(pod)?.message ?? pod.status?.message ?? otherwise);

const nodeOf = ({ spec }: Pod): string => spec?.nodeName ?? '(unknown)';

const nodeLost: Check = ({ pod, isAlone, now }) => {
  const isLost = LOST_WITH_NODE.includes(disruptionOf(pod)?.reason) || LOST.includes(pod.status?.reason);
  if (!isLost && (hasEnded(pod) || !isOverdue(pod, now))) return undefined;
  return {
    reason: TrainingReason.NodeLost,
    cause: 'infrastructure',
    message: `Node ${nodeOf(pod)} of ${workerName(pod, isAlone)} was lost: ${words(pod, 'it does not answer')} Check the node.`,
  };
};

const evicted: Check = ({ pod, isAlone }) => {
  const isDisrupted = disruptionOf(pod) !== undefined && hasEnded(pod);
  if (pod.status?.reason !== 'Evicted' && !isDisrupted) return undefined;
  const remedy =
    disruptionOf(pod)?.reason === 'PreemptionByScheduler'
      ? 'A pod of higher priority took its place; raise spec.placement.priorityClassName, or add nodes.'
      : 'See what the node is short of, and raise the requests of the pods.';
  return {
    reason: TrainingReason.Evicted,
    cause: 'infrastructure',
    message: `${capital(workerName(pod, isAlone))} was evicted from node ${nodeOf(pod)}: ${words(pod, 'no reason is given')} ${remedy}`,
  };
};

const outOfMemory: Check = ({ pod, stage, isAlone }) => {
  const killed = ownContainers(pod, stage).find(({ state }) => state?.terminated?.reason === 'OOMKilled');
  if (killed === undefined) return undefined;
  const field =
    stage === 'train'
      ? 'Raise spec.workers.resources.limits.memory.'
      : 'Have the platform team raise training.stageLimits.memory.';
  return {
    reason: TrainingReason.OutOfMemory,
    cause: 'program',
    message: `Container "${killed.name}" of ${workerName(pod, isAlone)} needed more memory than its limit of ${limitOf(pod, killed.name)} and was killed. ${field}`,
  };
};

const limitOf = ({ spec }: Pod, name: string): string =>
  String(
    [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].find((container) => container.name === name)
      ?.resources?.limits?.['memory'] ?? 'the node',
  );

const reported: Check = ({ pod, stage }) => {
  for (const { name, state } of ownContainers(pod, stage)) {
    const report = parseReport(state?.terminated?.message);
    if (report?.ok !== false) continue;
    const { reason, message, retryable, result } = report;
    const what = isFetch(pod, name) ? `${sourceName(name)}: ${message}` : message;
    return { reason, message: asSentence(what), retryable, result, cause: 'program' };
  }
  return undefined;
};

const sourceName = (container: string): string =>
  dataNameOf(container) === container ? `The ${container.replace('-', ' ')}` : `Data set "${dataNameOf(container)}"`;

const isFetch = ({ status }: Pod, name: string): boolean =>
  (status?.initContainerStatuses ?? []).some((container) => container.name === name);

const killed: Check = ({ pod, stage, isAlone }) => {
  const end = badEnd(pod, stage);
  const signal = SIGNALS[end?.ended.exitCode ?? 0];
  if (end === undefined || signal === undefined) return undefined;
  return {
    reason: TrainingReason.Killed,
    cause: 'killed',
    message: `Container "${end.name}" of ${workerName(pod, isAlone)} was killed with ${signal}, and not for its memory limit. See the events of node ${nodeOf(pod)}.`,
  };
};

const exited: Check = ({ pod, stage, isAlone }) => {
  const end = badEnd(pod, stage);
  if (end === undefined) return undefined;
  const { exitCode, message = '' } = end.ended;
  const words = message.trim() === '' ? '' : ` Its last lines:\n${message.trim().slice(-LONGEST_QUOTE)}`;
  return {
    reason: stage === 'train' ? TrainingReason.ProgramFailed : TrainingReason.StageCrashed,
    cause: 'program',
    message: `Container "${end.name}" of ${workerName(pod, isAlone)} ended with exit code ${exitCode}.${words}`,
  };
};

const failedSilently: Check = ({ pod, isAlone }) =>
  pod.status?.phase !== 'Failed'
    ? undefined
    : {
        reason: TrainingReason.Killed,
        cause: 'killed',
        message: `${capital(workerName(pod, isAlone))} failed: ${words(pod, pod.status.reason ?? 'no reason is given')}`,
      };

const checks: readonly Check[] = [nodeLost, evicted, outOfMemory, reported, killed, exited, failedSilently];

/** Why this pod failed; undefined while it has not. The first check that knows wins. */
export function podFailure(facts: PodCase): Failure | undefined {
  for (const check of checks) {
    const failure = check(facts);
    if (failure !== undefined) return failure;
  }
  return undefined;
}

/** When the first container that failed ended; '' when the kubelet does not say. */
export const failedAt = (pod: Pod, stage: StageName): string => badEnd(pod, stage)?.ended.finishedAt ?? '';

function badEnd(pod: Pod, stage: StageName): { name: string; ended: Terminated } | undefined {
  const bad = ownContainers(pod, stage).find(({ state }) => (state?.terminated?.exitCode ?? 0) !== 0);
  return bad?.state?.terminated === undefined ? undefined : { name: bad.name, ended: bad.state.terminated };
}

/** The helpers beside a training are ended, and started again, by the kubelet: how they end says nothing. */
const ownContainers = (pod: Pod, stage: StageName): readonly ContainerStatus[] =>
  stage === 'train' ? (pod.status?.containerStatuses ?? []) : containersOf(pod);

const capital = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);
