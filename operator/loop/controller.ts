import { isConflict } from '../kube/api-errors.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { BackoffLimits, Random } from './backoff.ts';
import { systemClock, type Clock } from './clock.ts';
import { WorkQueue, type Urgency } from './queue.ts';
import { TerminalError } from './terminal-error.ts';

/** When to look again, if nothing happens before. */
export interface Next {
  requeueAfterMs?: number;
}

/** What a controller is made of. */
export interface ControllerOptions {
  name: string;
  /** Brings one object (`namespace/name`) one step nearer to what is wanted. The signal aborts when the time is up. */
  reconcile: (key: string, signal: AbortSignal) => Promise<Next>;
  concurrency: number;
  log: Logger;
  metrics: Metrics;
  clock?: Clock;
  random?: Random;
  backoff?: BackoffLimits;
  /** A pass that takes longer counts as failed. */
  timeoutMs?: number;
}

/** A running controller. */
export interface Controller {
  enqueue: (key: string, urgency?: Urgency) => void;
  enqueueAfter: (key: string, delayMs: number, urgency?: Urgency) => void;
  /** How long the oldest pass that still runs has been running; 0 when none runs. For liveness. */
  oldestPassMs: () => number;
  /** Gives out no more work, and waits for the passes that run. */
  stop: () => Promise<void>;
}

const DEFAULT_BACKOFF: BackoffLimits = { firstMs: 500, maxMs: 120_000 };
const DEFAULT_TIMEOUT_MS = 120_000;

type Outcome = 'success' | 'conflict' | 'error' | 'terminal' | 'timeout';

/** Starts workers that take keys from a queue and reconcile them until stopped. */
export function startController(options: ControllerOptions): Controller {
  const { name, metrics, clock = systemClock, random = Math.random, backoff = DEFAULT_BACKOFF } = options;
  const queue = new WorkQueue({
    clock,
    random,
    backoff,
    onDepth: (depth) => metrics.queueDepth.set({ controller: name }, depth),
    onTaken: (waitedMs) => metrics.queueLatency.observe({ controller: name }, waitedMs / 1000),
  });
  const running = new Map<string, number>();
  const pass = createPass({ ...options, clock }, queue);

  const work = async (): Promise<void> => {
    for (let key = await queue.next(); key !== undefined; key = await queue.next()) {
      running.set(key, clock.monotonic());
      await pass(key, () => {
        running.delete(key as string);
        queue.done(key as string);
      });
    }
  };
  const workers = Array.from({ length: options.concurrency }, work);

  return {
    enqueue: (key, urgency) => queue.add(key, urgency),
    enqueueAfter: (key, delayMs, urgency) => queue.addAfter(key, delayMs, urgency),
    oldestPassMs: () => Math.max(0, ...[...running.values()].map((since) => clock.monotonic() - since)),
    stop: async () => {
      queue.close();
      await Promise.all(workers);
    },
  };
}

/**
 * One pass. After a timeout the worker goes on with other keys, but the key stays taken until its pass really ended:
 * two passes over one object would fight. A pass that never ends shows in liveness.
 */
function createPass(options: ControllerOptions & { clock: Clock }, queue: WorkQueue) {
  const { name, reconcile, log, metrics, clock, timeoutMs = DEFAULT_TIMEOUT_MS } = options;

  return async (key: string, release: () => void): Promise<void> => {
    const started = clock.monotonic();
    const timeUp = new AbortController();
    const settled = runSafely(() => reconcile(key, timeUp.signal));
    const verdict = await Promise.race([settled, afterTimeout()]);
    finish(verdict);
    if (verdict.outcome === 'timeout') void settled.then(release);
    else release();

    function afterTimeout(): Promise<Verdict> {
      return new Promise((resolve) => {
        const timer = clock.after(timeoutMs, () => {
          timeUp.abort();
          resolve({ outcome: 'timeout', err: new Error(`the pass took longer than ${timeoutMs} ms`) });
        });
        void settled.then(() => timer.cancel());
      });
    }

    function finish({ outcome, next, err }: Verdict): void {
      const seconds = (clock.monotonic() - started) / 1000;
      metrics.reconcileDuration.observe({ controller: name, outcome }, seconds);
      if (outcome === 'success' || outcome === 'terminal') queue.succeeded(key);
      else queue.retry(key);
      if (next?.requeueAfterMs !== undefined) queue.addAfter(key, next.requeueAfterMs);
      if (outcome === 'conflict') log.debug({ controller: name, key, err }, 'reconcile met a conflict');
      else if (err !== undefined) log.error({ controller: name, key, err, outcome }, 'reconcile failed');
    }
  };
}

interface Verdict {
  outcome: Outcome;
  next?: Next;
  err?: unknown;
}

async function runSafely(reconcile: () => Promise<Next>): Promise<Verdict> {
  try {
    return { outcome: 'success', next: await reconcile() };
  } catch (err) {
    if (err instanceof TerminalError) return { outcome: 'terminal', err };
    return { outcome: isConflict(err) ? 'conflict' : 'error', err };
  }
}
