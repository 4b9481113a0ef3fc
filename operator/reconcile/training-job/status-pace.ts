import type { TrainingJobStatus } from '../../../crds/schema/training/status.ts';
import { canonicalJson } from '../../build/naming.ts';
import { sameJson } from '../../kube/same-json.ts';

/** What pods tell is written at most this often; that pods run, and nothing else, is worth less. */
const VOICES_MS = 10_000;
const COUNTS_MS = 30_000;

/**
 * When each job's status was last written, so that what its pods tell all the time is written now and then. It lives in
 * memory: after a restart the time counts from the first look.
 */
export class StatusPace {
  readonly #writtenMs = new Map<string, number>();

  /** In how many milliseconds this status may be written: 0 for now, also when more than the voices of pods has changed. */
  waitMs(key: string, [was, is]: [TrainingJobStatus | undefined, TrainingJobStatus], nowMs: number): number {
    if (sameJson(was, is) || isNews(withoutVoices(was), withoutVoices(is))) return 0;
    const sinceMs = nowMs - (this.#writtenMs.get(key) ?? this.wrote(key, nowMs));
    const paceMs = sameJson(withoutCounts(was), withoutCounts(is)) ? COUNTS_MS : VOICES_MS;
    return Math.max(0, paceMs - sinceMs);
  }

  /** Remembers a write. */
  wrote(key: string, nowMs: number): number {
    this.#writtenMs.set(key, nowMs);
    return nowMs;
  }

  /** Forgets a job that is gone. */
  forget(key: string): void {
    this.#writtenMs.delete(key);
  }
}

/** How many of a group run, as waitingFor and the conditions say: with each worker that comes it is another. */
const COUNTS = /\d+ of \d+ workers (of trial \d+ )?run; (worker \d+ waits|the others are starting)/g;

const isNews = (was: unknown, is: unknown): boolean =>
  !sameJson(was, is) && canonicalJson(was).replace(COUNTS, '') !== canonicalJson(is).replace(COUNTS, '');

function withoutVoices(status: TrainingJobStatus | undefined): unknown {
  const { progress: _progress, metrics: _metrics, resources: _resources, workers: _workers, ...rest } = status ?? {};
  return rest;
}

function withoutCounts(status: TrainingJobStatus | undefined): unknown {
  const { workers, ...rest } = status ?? {};
  const { wanted: _wanted, running: _running, ...told } = workers ?? { wanted: 0, running: 0 };
  return { ...rest, told };
}
