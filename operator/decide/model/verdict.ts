import type { CandidateRevision, CurrentRevision, SourcedModel } from '../../../crds/schema/model.ts';
import { ModelReason } from '../../../crds/schema/reasons.ts';
import { VERIFY_AGAIN } from '../../build/model/spec-hash.ts';
import { RECONCILING, STALLED, type Verdict } from '../conditions.ts';
import { asSentence } from '../words.ts';
import { needsPerson } from './candidate.ts';
import type { Goal } from './goal.ts';
import type { Waiting } from './progress.ts';
import { withRemedy } from './remedies.ts';
import type { Start } from './start.ts';

/** What the conditions of a Model are decided from. */
export interface VerdictFacts {
  model: SourcedModel;
  goal: Goal;
  current: CurrentRevision | undefined;
  candidate: CandidateRevision | undefined;
  /** How the attempt to start ended, when there was one in this pass. */
  start?: Start | undefined;
  waiting?: Waiting | undefined;
  now: Date;
}

type Check = (facts: VerdictFacts) => Verdict | undefined;

const settled: Check = ({ candidate, current }) =>
  candidate === undefined && current !== undefined ? verified(current) : undefined;

const nameTaken: Check = ({ start, current }) =>
  start?.kind !== 'nameTaken'
    ? undefined
    : {
        ready: 'False',
        reason: ModelReason.NameTaken,
        message: `${start.object} exists and does not belong to this Model. Delete or rename it.${servesOn(current)}`,
        besides: STALLED,
      };

const refusedForGood: Check = ({ start, current }) =>
  start?.kind !== 'refused' || start.reason === 'QuotaExceeded'
    ? undefined
    : {
        ready: 'False',
        reason: start.reason === 'Invalid' ? ModelReason.InvalidSpec : ModelReason.VerificationPending,
        message: `The API server refuses ${start.object}: ${asSentence(start.message)} Correct the spec, or what the namespace allows.${servesOn(current)}`,
        besides: STALLED,
      };

const failedAgain: Check = ({ goal, current, candidate }) =>
  goal !== 'verifyAgain' || current === undefined || candidate === undefined || !needsPerson(candidate)
    ? undefined
    : {
        ready: 'False',
        reason: candidate.reason ?? ModelReason.VerificationCrashed,
        message: `Revision ${current.revision} was verified at ${current.verifiedAt ?? 'an unknown time'}, but failed when it was verified again: ${withRemedy(candidate.reason, candidate.message ?? '')} Services keep serving it.`,
        besides: STALLED,
      };

/** What is verified stays Ready while it is verified again: GitOps tools would otherwise see it flap every day. */
const verifyingAgain: Check = ({ goal, current }) =>
  goal === 'verifyAgain' && current !== undefined ? verified(current) : undefined;

const failed: Check = ({ model, candidate, current }) => {
  if (candidate?.reason === undefined) return undefined;
  const isForPerson = needsPerson(candidate);
  if (!isForPerson && candidate.phase !== 'Failed') return undefined;
  const next =
    candidate.retryAt === undefined
      ? howToTryAgain(candidate, model.metadata.name)
      : ` It is tried again at ${candidate.retryAt}.`;
  return {
    ready: 'False',
    reason: candidate.reason,
    message: `${withRemedy(candidate.reason, candidate.message ?? '')}${next}${servesOn(current)}`,
    besides: isForPerson ? STALLED : RECONCILING,
  };
};

const overQuota: Check = ({ start, current }) =>
  start?.kind !== 'refused'
    ? undefined
    : pending(
        `A quota of the namespace does not admit ${start.object}: ${asSentence(start.message)} Raise the quota, or lower spec.verification.resources.${servesOn(current)}`,
      );

const queued: Check = ({ start, current }) =>
  start?.kind !== 'queued'
    ? undefined
    : pending(`Waiting for other verifications to end; ${roughly(start.ahead)} before this one.${servesOn(current)}`);

/** Nodes come and quotas are freed without a person where a cluster scales itself; after this time it does not look so. */
const PATIENCE_MS = 600_000;

const waits: Check = ({ waiting, candidate, current, now }) => {
  if (waiting === undefined) return undefined;
  const isHopeless = now.getTime() - new Date(waiting.since ?? now).getTime() >= PATIENCE_MS;
  return {
    ...pending(`Verification ${candidate?.job ?? ''} waits: ${asSentence(waiting.what)}${servesOn(current)}`),
    ...(isHopeless ? { besides: STALLED } : {}),
  };
};

const verifying: Check = ({ model, candidate, current }) => ({
  ready: 'False',
  reason: ModelReason.Verifying,
  message: `${model.spec.source.uri} is being fetched and verified${candidate?.job === undefined ? '' : ` by Job ${candidate.job}`}.${lastTry(candidate)}${servesOn(current)}`,
  besides: RECONCILING,
});

const checks: readonly Check[] = [
  settled,
  failedAgain,
  verifyingAgain,
  nameTaken,
  refusedForGood,
  failed,
  overQuota,
  queued,
  waits,
];

/** What the conditions say: the first check that has something to say wins. */
export function decideVerdict(facts: VerdictFacts): Verdict {
  for (const check of checks) {
    const verdict = check(facts);
    if (verdict !== undefined) return verdict;
  }
  return verifying(facts) as Verdict;
}

function verified(current: CurrentRevision): Verdict {
  const { golden } = current.report ?? {};
  const examples =
    golden === undefined || golden.source === 'Generated'
      ? 'no golden examples were given'
      : `${golden.passed} of ${golden.total} golden examples answered correctly`;
  return {
    ready: 'True',
    reason: ModelReason.Verified,
    message: `Revision ${current.revision} (${current.digest ?? 'no digest'}) is verified: ${examples}.`,
  };
}

const pending = (message: string): Verdict => ({
  ready: 'False',
  reason: ModelReason.VerificationPending,
  message,
  besides: RECONCILING,
});

/** That what was verified before is still there for services. */
export const servesOn = (current: CurrentRevision | undefined): string =>
  current === undefined
    ? ''
    : ` Revision ${current.revision}, verified at ${current.verifiedAt ?? '?'}, keeps serving.`;

const lastTry = (candidate: CandidateRevision | undefined): string =>
  candidate?.reason === undefined
    ? ''
    : ` Try ${(candidate.attempts ?? 0) + 1}; the last one failed: ${asSentence(candidate.message ?? candidate.reason)}`;

/** What was put right outside of the spec, nobody tells us. */
const howToTryAgain = ({ reason }: CandidateRevision, name: string): string =>
  reason === ModelReason.GoldenMissing
    ? ''
    : ` If it is put right elsewhere, have it tried again: kubectl annotate model ${name} ${VERIFY_AGAIN}="$(date)" --overwrite.`;

/** A place in the line, so coarse that ten thousand waiting Models are not written each time that one gets its turn. */
function roughly(count: number): string {
  if (count < 1) return 'none is';
  if (count === 1) return '1 is';
  if (count < 10) return `${count} are`;
  const unit = 10 ** Math.floor(Math.log10(count));
  return `more than ${Math.floor((count - 1) / unit) * unit || unit - 1} are`;
}
