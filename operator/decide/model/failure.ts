import { ModelReason } from '../../../crds/schema/reasons.ts';
import {
  containersOf,
  jobEnd,
  trueCondition,
  type ObservedJob,
  type ObservedPod,
  type Terminated,
} from './observed.ts';
import type { Findings } from './report.ts';

/** Why a verification did not succeed. */
export interface Failure {
  reason: string;
  message: string;
  /** It can pass without anybody changing anything. */
  retryable: boolean;
  findings?: Findings;
}

interface Case {
  job: ObservedJob;
  pod: (Pick<ObservedPod, 'status'> & Partial<ObservedPod>) | undefined;
  lastWaitingFor: string | undefined;
}
type Check = (facts: Case) => Failure | undefined;

const outOfMemory: Check = ({ pod }) => {
  const killed = terminations(pod).find(({ ended: end }) => end.reason === 'OOMKilled');
  return killed === undefined
    ? undefined
    : {
        reason: ModelReason.OutOfMemory,
        message: `The container "${killed.name}" used more memory than its limit and was killed.`,
        retryable: false,
      };
};

const deadlineExceeded: Check = ({ job, lastWaitingFor }) =>
  jobEnd(job)?.reason === 'DeadlineExceeded'
    ? {
        reason: ModelReason.VerificationTimeout,
        message: `The verification did not end within its deadline.${lastWaitingFor === undefined ? '' : ` It was waiting: ${lastWaitingFor}`}`,
        retryable: true,
      }
    : undefined;

const storageFull: Check = ({ pod }) =>
  pod?.status?.reason === 'Evicted' && /ephemeral|emptydir/i.test(pod.status.message ?? '')
    ? {
        reason: ModelReason.StorageFull,
        message: `The verification pod was evicted for the space it used: ${pod.status.message ?? ''} Raise spec.source.maxSize, or free space on the node.`,
        retryable: true,
      }
    : undefined;

const LOST: readonly (string | undefined)[] = ['Evicted', 'NodeLost', 'NodeAffinity', 'Terminated', 'Shutdown'];

const disrupted: Check = ({ pod: { status } = {} }) => {
  const disruption = trueCondition(status?.conditions, 'DisruptionTarget');
  if (disruption === undefined && !LOST.includes(status?.reason)) return undefined;
  const why = disruption?.message ?? status?.message ?? 'the node was lost';
  return crashed(`The verification pod was taken away before it reported: ${why}`);
};

const silentEnd: Check = ({ pod }) => {
  const broken = terminations(pod).find(({ name, ended: end }) => end.exitCode !== 0 || name === 'verify');
  if (broken === undefined) return undefined;
  const { exitCode = -1, message = '' } = broken.ended;
  const lastWords = message.trim() === '' ? '' : ` Its last words: ${message.trim().slice(-500)}`;
  return crashed(`The container "${broken.name}" ended with exit code ${exitCode} and without a report.${lastWords}`);
};

const podGone: Check = ({ job, pod }) =>
  jobEnd(job) === undefined
    ? undefined
    : crashed(
        pod === undefined
          ? 'The verification pod was deleted before its report was read.'
          : `The verification ended without a report: ${jobEnd(job)?.message ?? jobEnd(job)?.reason ?? 'no reason given'}`,
      );

const checks: readonly Check[] = [outOfMemory, deadlineExceeded, storageFull, disrupted, silentEnd, podGone];

/** Why a verification failed without a report; undefined while it has not. The first check that knows wins. */
export const firstFailure = (facts: Case): Failure | undefined => {
  for (const check of checks) {
    const failure = check(facts);
    if (failure !== undefined) return failure;
  }
  return undefined;
};

const crashed = (message: string): Failure => ({ reason: ModelReason.VerificationCrashed, message, retryable: true });

const terminations = (pod: Case['pod']): { name: string; ended: Terminated }[] =>
  (pod === undefined ? [] : containersOf(pod)).flatMap(({ name, state }) =>
    state?.terminated === undefined ? [] : [{ name, ended: state.terminated }],
  );
