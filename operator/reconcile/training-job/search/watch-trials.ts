import { lastEndOf, startsSince, type Line } from '../../../decide/training-job/search/in-line.ts';
import type { TrialRecord } from '../../../decide/training-job/search/trial-record.ts';
import type { Problem } from '../../../decide/problem.ts';
import { soonest } from '../../../decide/soonest.ts';
import { startOf } from '../find-waiting.ts';
import { watchTry, type Watched } from '../watch-try.ts';
import type { Sight } from '../observe.ts';
import type { SearchContext } from './context.ts';

/** What the trials that run are like, those that have passed a limit as failed. */
export interface WatchedTrials<T extends Sight> {
  tries: ReadonlyMap<number, T>;
  /** What the first one that waits waits for. */
  problem?: Problem | undefined;
  /** Why workers are taken to hang, one sentence each. */
  hanging: readonly string[];
  againInMs?: number | undefined;
}

/** Looks at the limits of each trial that runs: to start in time, and not to hang. */
export async function watchTrials<T extends Sight>(
  context: SearchContext,
  trials: readonly TrialRecord[],
  tries: ReadonlyMap<number, T>,
): Promise<WatchedTrials<T>> {
  const after = new Map(tries);
  const line = { job: context.job, tries, lastEnd: lastEndOf(trials) };
  let [problem, hanging, againInMs]: [Problem | undefined, string[], number | undefined] = [undefined, [], undefined];
  for (const [trial, seen] of tries) {
    // One that waits stands for all: a look at each would be many reads.
    const watched = await watch(context, seen, { trial, line, isExplained: problem === undefined });
    againInMs = soonest(againInMs, watched.againInMs);
    if (watched.failure !== undefined) {
      after.set(trial, { ...seen, attempt: { state: 'failed', failure: watched.failure, data: [] } });
      continue;
    }
    problem ??= watched.problem;
    hanging = [...hanging, ...watched.hanging];
  }
  return { tries: after, problem, hanging, againInMs };
}

interface Which {
  trial: number;
  line: Line;
  isExplained: boolean;
}

const NOTHING: Watched = { problem: undefined, failure: undefined, hanging: [], againInMs: undefined };

async function watch(context: SearchContext, seen: Sight, { trial, line, isExplained }: Which): Promise<Watched> {
  const { job, now } = context;
  const goesOn = seen.attempt.state === 'running' || seen.attempt.state === 'held';
  if (seen.job === undefined || !goesOn) return NOTHING;
  const since = startsSince({ ...seen, start: startOf(seen.job, now) }, line);
  const watched = await watchTry({ job, stage: 'train', trial, since, isExplained }, seen, context);
  return since === undefined ? withPatience(watched) : watched;
}

/** Nobody has to act for a trial that stands in line: its turn comes. */
const withPatience = (watched: Watched): Watched =>
  watched.problem === undefined ? watched : { ...watched, problem: { ...watched.problem, stalled: false } };
