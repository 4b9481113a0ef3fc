import { ServiceReason } from '../../../crds/schema/reasons.ts';
import type { ContainerStatus, Pod } from '../../build/inference-service/children.ts';
import { afterGrace, type Problem } from '../problem.ts';
import { pullFailure } from '../pod-obstacles.ts';
import { asSentence, remedyForMissing } from '../words.ts';
import { conditionOf, containerStatus, isReady, lastFailure, lastWords } from './pods.ts';
import { schedulingProblem } from './scheduling.ts';

/** What is known of one pod that is not ready. */
export interface PodFacts {
  pod: Pod;
  now: Date;
  /** Why no node takes the pod, when the nodes were looked at. */
  capacity?: string | undefined;
  /** What the pod itself says of its golden request, when it was asked. */
  readiness?: string | undefined;
  /** The last warnings about the pod, when events were looked at. */
  warning?: string | undefined;
}

type Check = (facts: PodFacts) => Problem | undefined;

/** One slow answer under load passes by itself; this is not that. */
const MISMATCH_GRACE_MS = 60_000;
/** A model that has been loading for longer than this deserves a word. */
const SLOW_START_MS = 60_000;
/** The kubelet waits 10 s, 20 s, 40 s before these starts: by now it is not going to pass. */
const HOPELESS_RESTARTS = 3;

const unschedulable: Check = ({ pod, now, capacity }) => schedulingProblem(pod, now, capacity);

const imagePull: Check = ({ pod }) => {
  const message = pullFailure(containers(pod));
  return message === undefined ? undefined : { reason: ServiceReason.ImagePullFailed, message, stalled: true };
};

const outOfMemory: Check = ({ pod }) => {
  const killed = containers(pod).find((container) => lastFailure(container)?.reason === 'OOMKilled');
  if (killed === undefined) return undefined;
  const limit = limitOf(pod, killed.name);
  return {
    reason: ServiceReason.OutOfMemory,
    message: `Container "${killed.name}" was killed because it needed more memory than its limit of ${limit}; raise spec.resources.limits.memory.`,
    stalled: true,
  };
};

const limitOf = ({ spec }: Pod, name: string): string =>
  [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].find((container) => container.name === name)?.resources
    ?.limits?.memory ?? 'the node';

const fetchFailed: Check = ({ pod }) => {
  const container = containerStatus(pod, 'fetch');
  const failure = lastFailure(container);
  if (failure === undefined || container?.ready === true) return undefined;
  const words = lastWords(failure.message);
  const why =
    words === undefined
      ? `it ended with code ${failure.exitCode}`
      : [words.reason, words.message].filter(Boolean).join(': ');
  return {
    reason: ServiceReason.ModelFetchFailed,
    message: `The model cannot be fetched: ${asSentence(why)}`,
    stalled: words?.retryable !== true,
  };
};

const crashLooping: Check = ({ pod }) => {
  const container = containerStatus(pod, 'serve');
  const failure = lastFailure(container);
  if (failure === undefined) return undefined;
  const words = lastWords(failure.message);
  const why = words === undefined ? `code ${failure.exitCode}${reasonOf(failure.reason)}` : words.message;
  return {
    reason: words?.reason === ServiceReason.GoldenMismatch ? ServiceReason.GoldenMismatch : ServiceReason.CrashLooping,
    message: `The server ends again and again; last with: ${asSentence(why)} See "kubectl logs --previous" of pod ${pod.metadata.name}.`,
    stalled: (container?.restartCount ?? 0) >= HOPELESS_RESTARTS,
  };
};

const reasonOf = (reason: string | undefined): string =>
  reason === undefined || reason === 'Error' ? '' : ` (${reason})`;

/** The containers were well when their node was last heard of: only the node controller says that the pod is not ready. */
const nodeLost: Check = ({ pod }) => {
  const containers = conditionOf(pod.status?.conditions, 'ContainersReady');
  const ready = conditionOf(pod.status?.conditions, 'Ready');
  if (containers?.status !== 'True' || ready?.status !== 'False') return undefined;
  return {
    reason: ServiceReason.Starting,
    message: `Node ${pod.spec?.nodeName ?? ''} of pod ${pod.metadata.name} is not heard of; Kubernetes replaces the pod after some minutes. Check the node.`,
    stalled: false,
  };
};

/** It was ready since its container runs, so the model did answer; a pod that was not is only on its way. */
const goldenMismatch: Check = ({ pod, now, readiness }) => {
  const startedAt = containerStatus(pod, 'serve')?.state?.running?.startedAt;
  const lostAt = conditionOf(pod.status?.conditions, 'Ready')?.lastTransitionTime;
  // Between the startup probe and the first readiness probe a healthy pod has started and is not ready.
  if (startedAt === undefined || lostAt === undefined || new Date(lostAt) <= new Date(startedAt)) return undefined;
  const why = readiness ?? 'its readiness probe fails';
  return {
    reason: ServiceReason.GoldenMismatch,
    message: `Pod ${pod.metadata.name} no longer answers the golden request correctly and gets no requests: ${asSentence(why)} Delete the pod to start anew, and see its log for the cause.`,
    ...afterGrace(now.getTime() - new Date(lostAt).getTime(), MISMATCH_GRACE_MS),
  };
};

const slowStart: Check = ({ pod, now, readiness }) => {
  const startedAt = containerStatus(pod, 'serve')?.state?.running?.startedAt;
  if (startedAt === undefined) return undefined;
  const sinceMs = now.getTime() - new Date(startedAt).getTime();
  if (sinceMs < SLOW_START_MS) return undefined;
  const why = readiness ?? 'the model is still being loaded, or its golden request is answered wrongly';
  return {
    reason: ServiceReason.Starting,
    message: `Pod ${pod.metadata.name} runs but has not answered the golden request yet: ${asSentence(why)}`,
    stalled: false,
  };
};

/** Volumes that cannot be mounted and the like are told by events only. */
const cannotStart: Check = ({ pod, warning }) => {
  const waiting = containers(pod).find(({ state }) => state?.waiting?.reason?.endsWith('Error') === true)?.state
    ?.waiting;
  const why = waiting?.message ?? warning;
  if (why === undefined) return undefined;
  return {
    reason: ServiceReason.Starting,
    message: `Pod ${pod.metadata.name} cannot start: ${asSentence(why)}${remedyForMissing(why)}`,
    stalled: waiting !== undefined,
  };
};

const containers = ({ status }: Pod): ContainerStatus[] => [
  ...(status?.initContainerStatuses ?? []),
  ...(status?.containerStatuses ?? []),
];

const checks: readonly Check[] = [
  unschedulable,
  imagePull,
  outOfMemory,
  fetchFailed,
  crashLooping,
  nodeLost,
  goldenMismatch,
  slowStart,
  cannotStart,
];

/** Why a pod is not ready; undefined while it is only on its way. */
export function podProblem(facts: PodFacts): Problem | undefined {
  if (isReady(facts.pod)) return undefined;
  for (const check of checks) {
    const problem = check(facts);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
