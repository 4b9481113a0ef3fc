import type { CandidateRevision, Model, SourcedModel } from '../../../crds/schema/model.ts';
import { ModelReason } from '../../../crds/schema/reasons.ts';
import { specHash } from '../../build/model/spec-hash.ts';
import type { Goal } from './goal.ts';
import type { Failure } from './failure.ts';
import type { Progress, Waiting } from './progress.ts';
import { addDuration } from '../times.ts';

/** What to do about a Model in this pass. */
export type Step =
  | { kind: 'settled' }
  | { kind: 'start' }
  | { kind: 'watch'; waiting?: Waiting }
  | { kind: 'accept'; succeeded: Progress & { state: 'succeeded' } }
  | { kind: 'reject'; failure: Failure; finishedAt?: string }
  | { kind: 'rest' };

/** What the step is decided from. */
export interface StepFacts {
  model: SourcedModel;
  goal: Goal;
  /** The candidate that stands for the spec as it is now. */
  candidate: CandidateRevision | undefined;
  progress: Progress;
  /** The golden examples are no longer those that the candidate failed with. */
  hasGoldenChanged?: boolean;
  runtimeImage: string;
  now: Date;
}

/** Whether other golden examples may make this failure good, which nobody tells us but the ConfigMap itself. */
export const dependsOnGolden = (candidate: CandidateRevision | undefined): boolean =>
  candidate?.phase === 'Failed' &&
  candidate.goldenConfigMap !== undefined &&
  GOLDEN_FAILURES.includes(candidate.reason);

/** The candidate of the spec as it is now; one of an older spec, or one that nobody wants any more, does not count. */
export function relevantCandidate(model: SourcedModel, goal: Goal): CandidateRevision | undefined {
  const candidate = model.status?.candidate;
  return goal !== 'none' && candidate?.specHash === specHash(model) ? candidate : undefined;
}

const GOLDEN_FAILURES: readonly (string | undefined)[] = [ModelReason.GoldenMismatch, ModelReason.GoldenInvalid];

/** Chooses the step from how far the candidate is. */
export function decideStep(facts: StepFacts): Step {
  if (facts.goal === 'none') return { kind: 'settled' };
  switch (facts.candidate?.phase) {
    case undefined:
    case 'Pending':
      return { kind: 'start' };
    case 'Failed':
      return isWorthAnotherTry(facts, facts.candidate) ? { kind: 'start' } : { kind: 'rest' };
    case 'Verifying':
      return stepOf(facts.progress);
  }
}

function stepOf(progress: Progress): Step {
  switch (progress.state) {
    case 'missing':
      return { kind: 'start' }; // somebody deleted the Job
    case 'running':
      return { kind: 'watch', ...(progress.waiting === undefined ? {} : { waiting: progress.waiting }) };
    case 'succeeded':
      return { kind: 'accept', succeeded: progress };
    case 'failed': {
      const { state: _state, ...end } = progress;
      return { kind: 'reject', ...end };
    }
  }
}

type Check = (facts: StepFacts, candidate: CandidateRevision) => boolean;

const goldenMayHaveCome: Check = (_facts, { reason }) => reason === ModelReason.GoldenMissing;

const goldenChanged: Check = ({ hasGoldenChanged }) => hasGoldenChanged === true;

const retryIsDue: Check = ({ now }, { retryAt }) => retryAt !== undefined && new Date(retryAt) <= now;

const runtimeChanged: Check = ({ runtimeImage }, { verifiedWith }) => verifiedWith !== runtimeImage;

const scheduleIsDue: Check = (facts, candidate) => {
  const due = nextScheduledTry(facts.model, facts.goal, candidate);
  return due !== undefined && due <= facts.now;
};

const reasonsToTryAgain: readonly Check[] = [
  goldenMayHaveCome,
  goldenChanged,
  retryIsDue,
  runtimeChanged,
  scheduleIsDue,
];

const isWorthAnotherTry: Check = (facts, candidate) => reasonsToTryAgain.some((check) => check(facts, candidate));

/** A repeated verification that failed for good is tried again on schedule: what was verified may be whole again. */
export function nextScheduledTry(model: Model, goal: Goal, { startedAt }: CandidateRevision): Date | undefined {
  const every = model.spec.verification?.every;
  return goal !== 'verifyAgain' || every === undefined || startedAt === undefined
    ? undefined
    : addDuration(new Date(startedAt), every);
}
