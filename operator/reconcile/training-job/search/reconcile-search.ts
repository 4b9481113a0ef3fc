import { TrainingReason } from '../../../../crds/schema/reasons.ts';
import type { Problem } from '../../../decide/problem.ts';
import { countOf, endOfBudget } from '../../../decide/training-job/search/budget.ts';
import type { ObjectiveValues } from '../../../decide/training-job/search/objective.ts';
import { searchEnd, type SearchOutcome } from '../../../decide/training-job/search/search-outcome.ts';
import { settleTrial } from '../../../decide/training-job/search/settle-trial.ts';
import type { TrialRecord } from '../../../decide/training-job/search/trial-record.ts';
import { readAgainInMs } from '../../../decide/training-job/search/unread-output.ts';
import { trialsStatus, type TrialsStatus } from '../../../decide/training-job/search/trials-status.ts';
import { soonest } from '../../../decide/soonest.ts';
import { asSentence } from '../../../decide/words.ts';
import { isRunning } from '../../../decide/training-job/observed.ts';
import { askForTrials, type Asked } from './ask.ts';
import type { Sight } from '../observe.ts';
import type { SearchContext } from './context.ts';
import { type Ledger, ledgerNames, readLedger, removeOldLedgers, writeLedger } from './ledger.ts';
import { type Output, readOutput } from './read-output.ts';
import { observeTry, removeEndedTries, startTrials } from './trial-jobs.ts';
import { type WatchedTrials, watchTrials } from './watch-trials.ts';

/** How often curves are judged while trials may be stopped early, in times that output is read. */
const JUDGE_EVERY = 3;
/** Pods that stop do so within their grace period; their end is told by the watch, this is for when it is not. */
const PODS_GO_MS = 10_000;

/**
 * One pass over the search of a run, in place of its single training: settle the trials that run, ask for more, write all
 * of it into the ledger, and only then start and stop Jobs. Cut off anywhere, the next pass does what is left.
 */
export async function reconcileSearch(context: SearchContext): Promise<SearchOutcome> {
  const read = readLedger(context);
  if ('problem' in read) return held(context, { trials: [] }, read.problem);
  await removeOldLedgers(context);
  const { ledger } = read;
  const watched = await watchTrials(context, ledger.trials, await observeTries(context, ledger.trials));
  const { tries } = watched;
  const settled = ledger.trials.map((record) => settle(context, record, tries.get(record.number)));
  const asked = await askForTrials(context, settled, valuesOf(settled, tries));
  const problem = await writeLedger(context, ledger, asked.trials);
  if (problem !== undefined) return held(context, ledger, problem);
  return act(context, asked, watched);
}

type KnownTry = Sight & Output;
type Tries = ReadonlyMap<number, KnownTry>;

async function observeTries(context: SearchContext, trials: readonly TrialRecord[]): Promise<Tries> {
  const running = trials.filter(({ state }) => state === 'Running');
  const tries = new Map<number, KnownTry>();
  for (const record of running) {
    const seen = await observeTry(context, record);
    tries.set(record.number, { ...seen, ...(await readOutput(context, seen)) });
  }
  return tries;
}

const settle = ({ job, now }: SearchContext, record: TrialRecord, seen: KnownTry | undefined): TrialRecord =>
  seen === undefined ? record : settleTrial(record, job.spec, { ...seen, now });

/** Of the trials that go on; a new try of one begins without values. */
const valuesOf = (trials: readonly TrialRecord[], tries: Tries) =>
  new Map(
    trials.flatMap(({ number, state }): [number, ObjectiveValues][] => {
      const seen = tries.get(number);
      return state !== 'Running' || seen === undefined ? [] : [[number, seen.values]];
    }),
  );

/** Brings the Jobs to what the ledger says, and tells how the search stands. */
async function act(context: SearchContext, asked: Asked, watched: WatchedTrials<KnownTry>): Promise<SearchOutcome> {
  const { trials, invalid, isExhausted } = asked;
  await removeEndedTries(context, trials);
  const started = await startTrials(context, trials);
  const { search } = context.job.spec;
  const endedBy = endOfBudget(search, trials, context.now) ?? (isExhausted === true ? EXHAUSTED : undefined);
  const status = trialsStatus(search, trials, { ledger: ledgerNames(context, trials), endedBy });
  if (countOf(trials, 'Running') > 0) return goingOn(context, { status, watched, asked, started });
  if (invalid !== undefined) return { state: 'failed', ...invalidSpace(invalid), trials: status };
  return endedBy === undefined
    ? goingOn(context, { status, watched, asked, started })
    : searchEnd(search, trials, status);
}

const EXHAUSTED = 'Every combination of the parameters was started.';

interface Standing {
  status: TrialsStatus;
  watched: WatchedTrials<KnownTry>;
  asked: Asked;
  started: Awaited<ReturnType<typeof startTrials>>;
}

function goingOn(context: SearchContext, { status, watched, asked, started }: Standing): SearchOutcome {
  const { job, settings } = context;
  const { tries, hanging } = watched;
  const problem = started.problem ?? asked.problem ?? watched.problem;
  const isJudged = job.spec.search.earlyStopping !== undefined && status.running > 0;
  const requeueAfterMs = soonest(
    problem?.againInMs,
    watched.againInMs,
    ...[...tries.values()].map(({ unread }) => unread && readAgainInMs(unread, context.now)),
    isJudged ? JUDGE_EVERY * settings.training.watchSeconds * 1000 : undefined,
    started.isWaitingForPods ? PODS_GO_MS : undefined,
  );
  return {
    state: 'running',
    trials: status,
    pods: podsOf(context, status.running, tries),
    ...(problem === undefined ? {} : { problem }),
    ...(hanging.length === 0 ? {} : { hanging }),
    ...(requeueAfterMs === undefined ? {} : { requeueAfterMs }),
  };
}

const invalidSpace = (message: string) => ({
  reason: TrainingReason.SearchSpaceInvalid,
  message: asSentence(`spec.${message.replace(/^spec\./, '')}`),
});

function podsOf({ job }: SearchContext, trials: number, tries: Tries): { running: number; wanted: number } {
  const running = [...tries.values()].flatMap(({ pods }) => pods.filter(isRunning)).length;
  return { running, wanted: trials * (job.spec.workers?.count ?? 1) };
}

/** Nothing is started while the ledger cannot be read or written. */
function held(context: SearchContext, { trials }: Pick<Ledger, 'trials'>, problem: Problem): SearchOutcome {
  const { search } = context.job.spec;
  const endedBy = endOfBudget(search, trials, context.now);
  return {
    state: 'running',
    trials: trialsStatus(search, trials, { ledger: ledgerNames(context, trials), endedBy }),
    pods: podsOf(context, countOf(trials, 'Running'), new Map()),
    problem,
    ...(problem.againInMs === undefined ? {} : { requeueAfterMs: problem.againInMs }),
  };
}
