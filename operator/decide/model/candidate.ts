import type { Lineage } from '../../../crds/schema/model-source.ts';
import type { CandidateRevision, CurrentRevision, SourcedModel } from '../../../crds/schema/model.ts';
import { ModelReason } from '../../../crds/schema/reasons.ts';
import { revisionName } from '../../build/model/golden-copy.ts';
import { specHash } from '../../build/model/spec-hash.ts';
import type { Failure } from './failure.ts';
import type { Progress } from './progress.ts';
import type { Start } from './start.ts';
import { retryDelayMs, timestamp } from '../times.ts';

const MOST_CRASHES = 3;
const MOST_SILENT_FAILURES = 5;
const LONGEST_MESSAGE = 2000;

/** What every change of a candidate is made from. */
export interface CandidateContext {
  model: SourcedModel;
  /** What made the model, when it comes from a TrainingJob. */
  lineage?: Lineage | undefined;
  candidate: CandidateRevision | undefined;
  runtimeImage: string;
  now: Date;
}

/** The candidate after an attempt to start; the last failure stays with it until a verification succeeds. */
export function startedCandidate(context: CandidateContext, start: Start): CandidateRevision {
  const base = { ...newCandidate(context), ...lastFailure(context.candidate) };
  switch (start.kind) {
    case 'started': {
      const golden = start.goldenConfigMap === undefined ? {} : { goldenConfigMap: start.goldenConfigMap };
      return { ...base, phase: 'Verifying', job: start.job, ...golden };
    }
    case 'goldenMissing':
      return {
        ...base,
        phase: 'Failed',
        reason: ModelReason.GoldenMissing,
        message: start.message,
        retryable: mayBeOnItsWay(base, context.now),
      };
    case 'queued':
    case 'refused':
    case 'nameTaken':
    case 'namespaceEnding':
      return { ...base, phase: 'Pending' };
  }
}

function newCandidate({ model, lineage, candidate, runtimeImage, now }: CandidateContext): CandidateRevision {
  // A place in the line is kept while the candidate waits or its Job is made again.
  const keepsPlace = candidate !== undefined && (candidate.phase !== 'Failed' || isGoldenMissing(candidate));
  return {
    phase: 'Pending',
    specHash: specHash(model),
    uri: model.spec.source.uri,
    ...(lineage === undefined ? {} : { lineage }),
    attempts: candidate?.attempts ?? 0,
    startedAt: (keepsPlace ? candidate.startedAt : undefined) ?? timestamp(now),
    verifiedWith: runtimeImage,
  };
}

/**
 * GitOps tools apply a Model and its golden examples at once, in any order, and fail the whole sync when one object is Stalled.
 * Only after this time is a person needed.
 */
const GOLDEN_GRACE_MS = 120_000;

const mayBeOnItsWay = ({ startedAt }: CandidateRevision, now: Date): boolean =>
  startedAt !== undefined && now.getTime() - new Date(startedAt).getTime() < GOLDEN_GRACE_MS;

const isGoldenMissing = ({ reason }: CandidateRevision): boolean => reason === ModelReason.GoldenMissing;

function lastFailure(candidate: CandidateRevision | undefined): Partial<CandidateRevision> {
  if (candidate?.reason === undefined || isGoldenMissing(candidate)) return {};
  const { reason, message = '', retryable = true } = candidate;
  return { reason, message, retryable };
}

/** The candidate after a verification that failed. */
export function failedCandidate(context: CandidateContext, failure: Failure): CandidateRevision {
  const attempts = (context.candidate?.attempts ?? 0) + 1;
  const { job, goldenConfigMap } = context.candidate ?? {};
  const isRetryable = failure.retryable && !isCrashForGood(failure, attempts);
  const retryAt = { retryAt: timestamp(new Date(context.now.getTime() + retryDelayMs(attempts))) };
  return {
    ...newCandidate(context),
    ...failure.findings,
    phase: 'Failed',
    attempts,
    ...(job === undefined ? {} : { job }),
    ...(goldenConfigMap === undefined ? {} : { goldenConfigMap }),
    reason: failure.reason,
    message: failure.message.slice(0, LONGEST_MESSAGE),
    retryable: isRetryable,
    ...(isRetryable ? retryAt : {}),
  };
}

/** A model that crashes the runtime crashes it each time; a lost node does not come three times in a row. */
const isCrashForGood = ({ reason }: Failure, attempts: number): boolean =>
  reason === ModelReason.VerificationCrashed && attempts >= MOST_CRASHES;

/** Whether the last failure is one that a person has to look at: it will not pass, or has not passed for a while. */
export const needsPerson = ({ reason, retryable, attempts = 0 }: CandidateRevision): boolean =>
  reason !== undefined && (retryable === false || attempts >= MOST_SILENT_FAILURES);

/** The verified revision after a verification that succeeded. */
export function verifiedRevision(
  { model, candidate, now }: CandidateContext,
  { findings, image, finishedAt }: Progress & { state: 'succeeded' },
): CurrentRevision {
  const golden = candidate?.goldenConfigMap;
  return {
    revision: revisionName(findings.digest ?? '', golden),
    ...sourceOf(model),
    ...findings,
    ...(golden === undefined ? {} : { goldenConfigMap: golden }),
    task: model.spec.task,
    specHash: specHash(model),
    verifiedAt: plausible(finishedAt, candidate?.startedAt, now),
    verifiedWith: image,
  };
}

/** What pods need to fetch the same again, kept because the spec may point elsewhere by then. */
function sourceOf({ spec: { source, credentials } }: SourcedModel): Partial<CurrentRevision> {
  const { uri, caBundle, maxSize } = source;
  return {
    uri,
    ...(credentials === undefined ? {} : { credentials }),
    ...(caBundle === undefined ? {} : { caBundle }),
    ...(maxSize === undefined ? {} : { maxSize }),
  };
}

/** A node whose clock is wrong must not make a verification look older than it is: it would be due again at once, for ever. */
function plausible(finishedAt: string, startedAt: string | undefined, now: Date): string {
  const moment = new Date(finishedAt);
  const isBetween = moment >= new Date(startedAt ?? 0) && moment <= now;
  return isBetween ? finishedAt : timestamp(now);
}
