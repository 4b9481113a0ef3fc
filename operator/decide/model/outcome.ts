import type { Lineage } from '../../../crds/schema/model-source.ts';
import type {
  CandidateRevision,
  CurrentRevision,
  Model,
  ModelStatus,
  SourcedModel,
} from '../../../crds/schema/model.ts';
import { decideConditions } from '../conditions.ts';
import { failedCandidate, startedCandidate, verifiedRevision, type CandidateContext } from './candidate.ts';
import { decideEvents, type ModelEvent } from './events.ts';
import { nextVerification, type Goal } from './goal.ts';
import { withFailure, withSuccess } from './history.ts';
import type { Start } from './start.ts';
import { nextScheduledTry, type Step } from './step.ts';
import { timestamp } from '../times.ts';
import { decideVerdict } from './verdict.ts';
import { decideWakeUp } from './wake-up.ts';

/** What the outcome of a pass is decided from. */
export interface OutcomeFacts {
  model: SourcedModel;
  /** What made the model, when it comes from a TrainingJob. */
  lineage?: Lineage | undefined;
  goal: Goal;
  candidate: CandidateRevision | undefined;
  step: Step;
  /** How the attempt to start ended; present when the step is `start`. */
  start?: Start | undefined;
  usedBy: readonly string[];
  runtimeImage: string;
  now: Date;
}

/** What a pass reports: the whole status, what to tell as events, and when to look again. */
export interface Outcome {
  status: ModelStatus;
  events: readonly ModelEvent[];
  requeueAfterMs?: number;
}

interface Revisions {
  current: CurrentRevision | undefined;
  candidate: CandidateRevision | undefined;
  lineage: Lineage | undefined;
  history: ModelStatus['history'];
}

const MOST_NAMES = 50;

/** Turns the facts of a pass into everything that is reported of it. */
export function decideOutcome(facts: OutcomeFacts): Outcome {
  const { model, step, start, now } = facts;
  const revisions = decideRevisions(facts);
  const goal = step.kind === 'accept' ? 'none' : facts.goal;
  const waiting = step.kind === 'watch' ? step.waiting : undefined;
  const verdict = decideVerdict({ model, goal, ...revisions, start, waiting, now });
  const conditions = decideConditions(verdict, {
    previous: model.status?.conditions,
    generation: model.metadata.generation,
    now,
  });
  const status = { ...describeUse(facts), ...withoutUndefined(revisions), conditions };
  const wakeUp = decideWakeUp({ ...revisions, start, now, due: nextDue(model, goal, revisions) });
  return {
    status:
      model.metadata.generation === undefined ? status : { ...status, observedGeneration: model.metadata.generation },
    events: decideEvents(model.status?.candidate, revisions, step),
    ...(wakeUp === undefined ? {} : { requeueAfterMs: wakeUp }),
  };
}

function decideRevisions(facts: OutcomeFacts): Revisions {
  const { model, candidate, step, start, now } = facts;
  const { current, history, lineage } = model.status ?? {};
  const context: CandidateContext = facts;
  switch (step.kind) {
    case 'settled':
      return { current, candidate: undefined, lineage, history };
    case 'start':
      return {
        current,
        candidate: start === undefined ? candidate : startedCandidate(context, start),
        lineage,
        history,
      };
    case 'watch':
    case 'rest':
      return { current, candidate, lineage, history };
    case 'accept': {
      const verified = verifiedRevision(context, step.succeeded);
      return {
        current: verified,
        candidate: undefined,
        lineage: madeBy(facts),
        history: withSuccess(history, verified),
      };
    }
    case 'reject': {
      const failed = failedCandidate(context, step.failure);
      const past = withFailure(history, failed, step.finishedAt ?? timestamp(now));
      return { current, candidate: failed, lineage, history: past };
    }
  }
}

/** As it was when the verification began: the job may have got on since. */
const madeBy = ({ candidate, lineage }: OutcomeFacts): Lineage | undefined =>
  candidate === undefined ? lineage : candidate.lineage;

function nextDue(model: Model, goal: Goal, { current, candidate }: Revisions): Date | undefined {
  if (candidate !== undefined) return nextScheduledTry(model, goal, candidate);
  return current === undefined ? undefined : nextVerification({ ...model, status: { current } });
}

/** Who serves the model. */
export const describeUse = ({ usedBy }: Pick<OutcomeFacts, 'usedBy'>): Pick<ModelStatus, 'usedBy' | 'usedByCount'> => ({
  ...(usedBy.length === 0 ? {} : { usedBy: usedBy.slice(0, MOST_NAMES) }),
  usedByCount: usedBy.length,
});

const withoutUndefined = ({ current, candidate, lineage, history }: Revisions): Partial<ModelStatus> => ({
  ...(current === undefined ? {} : { current }),
  ...(candidate === undefined ? {} : { candidate }),
  ...(lineage === undefined ? {} : { lineage }),
  ...(history === undefined ? {} : { history }),
});
