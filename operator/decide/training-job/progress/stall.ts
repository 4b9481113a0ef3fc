/** What is known of one worker. Times in milliseconds. */
export interface WorkerSigns {
  name: string;
  /** The Kubernetes Job that it works for. */
  job: string;
  index: number;
  trial?: number | undefined;
  /** When its program started. */
  startedAtMs: number;
  /** When it last printed something; undefined when it never did. */
  lastOutputAtMs?: number | undefined;
  lastLine?: string | undefined;
  /** When it last used the processor, or when measuring began; undefined when that is not measured. */
  busyAtMs?: number | undefined;
  step?: number | undefined;
  /** When its step was read. */
  stepReadAtMs?: number | undefined;
  /** Cores used on average, since both it and the others were measured. */
  cores?: number | undefined;
}

/** A worker that hangs. */
export interface Stalled {
  name: string;
  job: string;
  sinceMs: number;
  message: string;
}

/** Less than this share of a core is what a hung process uses. */
export const IDLE_CORES = 0.02;

/** The workers that have neither printed anything nor used the processor for so long. */
export function decideStalled(
  workers: readonly WorkerSigns[],
  { afterMs, nowMs }: { afterMs: number; nowMs: number },
): Stalled[] {
  return workers.flatMap((worker) => {
    const sinceMs = Math.max(worker.lastOutputAtMs ?? worker.startedAtMs, worker.busyAtMs ?? 0);
    if (nowMs - sinceMs < afterMs) return [];
    return [{ name: worker.name, job: worker.job, sinceMs, message: wordsOf(worker, sinceMs) }];
  });
}

function wordsOf({ name, index, trial, lastLine, busyAtMs }: WorkerSigns, sinceMs: number): string {
  const what = busyAtMs === undefined ? 'has printed nothing' : 'has printed nothing and used no processor';
  const last = lastLine === undefined ? 'It never printed anything.' : `It last printed: ${lastLine}`;
  const who = trial === undefined ? `Worker ${index}` : `Worker ${index} of trial ${trial}`;
  return `${who} (pod ${name}) ${what} since ${new Date(sinceMs).toISOString().slice(0, 19)}Z. ${last}`;
}
