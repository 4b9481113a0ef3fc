import type { CandidateRevision, CurrentRevision } from '../../../crds/schema/model.ts';
import { needsPerson } from './candidate.ts';
import { withRemedy } from './remedies.ts';
import type { Step } from './step.ts';

/** An event on a Model. */
export interface ModelEvent {
  type: 'Normal' | 'Warning';
  reason: 'VerificationStarted' | 'Verified' | 'VerificationFailed';
  action: 'Verify';
  note: string;
}

/** What a pass tells as events: transitions only, and of tries that fail alike only the first and the last. */
export function decideEvents(
  before: CandidateRevision | undefined,
  after: { current: CurrentRevision | undefined; candidate: CandidateRevision | undefined },
  step: Step,
): readonly ModelEvent[] {
  const { current, candidate } = after;
  if (step.kind === 'accept') return [event('Verified', `Revision ${current?.revision ?? ''} is verified.`)];
  if (candidate === undefined) return [];
  if (isFirstStart(before, candidate)) {
    return [event('VerificationStarted', `Job ${candidate.job ?? ''} fetches and verifies the model.`)];
  }
  return isNewFailure(before, candidate)
    ? [event('VerificationFailed', withRemedy(candidate.reason, candidate.message ?? ''))]
    : [];
}

const isFirstStart = (before: CandidateRevision | undefined, { phase, job, attempts }: CandidateRevision): boolean =>
  phase === 'Verifying' && job !== before?.job && attempts === 0;

const isNewFailure = (before: CandidateRevision | undefined, after: CandidateRevision): boolean =>
  after.phase === 'Failed' &&
  (before?.specHash !== after.specHash || before.reason !== after.reason || needsPerson(before) !== needsPerson(after));

const event = (reason: ModelEvent['reason'], note: string): ModelEvent => ({
  type: reason === 'VerificationFailed' ? 'Warning' : 'Normal',
  reason,
  action: 'Verify',
  note: note.slice(0, 1000),
});
