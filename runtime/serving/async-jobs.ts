import { randomUUID } from 'node:crypto';
import { ApiError, ApiErrorCode, toApiError } from '../errors.ts';
import type { AsyncJob, JobOrder, JobStatus, KeptAnswer } from './async-job.ts';
import { hasEnded } from './async-job.ts';
import { JobShelf } from './job-shelf.ts';
import type { ShelfLimits } from './job-shelf.ts';

/** Jobs of one model that are in its queue at one time: enough to fill a run, few enough to leave the queue to those who wait. */
const RUNNING_PER_MODEL = 16;
/** A request that ends the process of its model each time is given up. */
const MAX_RESTARTS = 3;
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5_000;

/** How much is kept, and for how long. */
export interface AsyncJobsOptions extends ShelfLimits {
  /** How long a job may take, and how long its answer is kept then. */
  ttlMs: number;
  /** Told of every job that has ended. */
  onEnded?: (job: AsyncJob) => void;
}

/** What the metrics read. */
export interface JobFigures {
  queued: number;
  running: number;
  stored: number;
  bytes: number;
  ended: Readonly<Record<'succeeded' | 'failed' | 'cancelled', number>>;
  /** Refused for lack of room. */
  refused: number;
}

/** Asynchronous requests: handed in, run when nobody waits for the model, and kept until they are fetched or too old. */
export class AsyncJobs {
  readonly #options: AsyncJobsOptions;
  readonly #shelf: JobShelf;
  readonly #queue: AsyncJob[] = [];
  readonly #running = new Map<string, number>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #watchers = new Map<string, Set<() => void>>();
  readonly #ended = { succeeded: 0, failed: 0, cancelled: 0 };
  #refused = 0;
  #isClosed = false;

  constructor(options: AsyncJobsOptions) {
    this.#options = options;
    this.#shelf = new JobShelf(options);
  }

  /** Figures of this moment. */
  get figures(): JobFigures {
    const running = [...this.#running.values()].reduce((sum, count) => sum + count, 0);
    const { size: stored, bytes } = this.#shelf;
    return { queued: this.#queue.length, running, stored, bytes, ended: this.#ended, refused: this.#refused };
  }

  /** Refuses where there is no room for so many bytes. */
  assertRoom(bytes: number): void {
    if (this.#isClosed) throw closing('The server is shutting down and takes no jobs; submit it again.');
    try {
      this.#shelf.makeRoom(bytes);
    } catch (error) {
      this.#refused += 1;
      throw error;
    }
  }

  /** Takes a job, unless there is no room for it. */
  submit(order: JobOrder): AsyncJob {
    const known = this.#shelf.same(order);
    if (known !== undefined) return known;
    this.assertRoom(order.bytes);
    const createdAt = Date.now();
    const { target, webhook, key, bytes } = order;
    const job: AsyncJob = {
      id: randomUUID(),
      target,
      webhook,
      key,
      bytes,
      order,
      createdAt,
      status: 'queued',
      expiresAt: createdAt + this.#options.ttlMs,
      wasFetched: false,
    };
    this.#shelf.add(job);
    order.call.deadlineAt = performance.now() + this.#options.ttlMs;
    this.#timers.set(job.id, setTimeout(() => this.#giveUp(job), this.#options.ttlMs).unref());
    this.#queue.push(job);
    this.#startNext();
    return job;
  }

  /** The job of this id; an error says that there is none any more. */
  find(id: string): AsyncJob {
    const job = this.#shelf.get(id);
    if (job === undefined)
      throw new ApiError(
        'UnknownJob',
        'There is no job of this id; it was never there, or its answer was kept long enough.',
      );
    return job;
  }

  /** Cancels what has not ended and forgets what has. A run that is under way goes on; its answer is dropped. */
  remove(id: string): AsyncJob {
    const job = this.find(id);
    if (hasEnded(job)) this.#forget(job);
    else this.#end(job, { status: 'cancelled', failure: new ApiError('Cancelled', 'The job was cancelled.') });
    return job;
  }

  /** Calls back when the job ends; the function that is given back stops that. */
  onceEnded(job: AsyncJob, callback: () => void): () => void {
    const watchers = this.#watchers.get(job.id) ?? new Set();
    this.#watchers.set(job.id, watchers.add(callback));
    return () => watchers.delete(callback);
  }

  /** Takes no more jobs; what waits is ended, what runs has the given time. */
  async drain(graceMs: number): Promise<void> {
    this.#isClosed = true;
    const reason = 'The server was shut down before the job was done; submit it again.';
    for (const job of this.#queue.slice()) this.#end(job, { status: 'failed', failure: closing(reason) });
    const running = this.#shelf.all().filter((job) => !hasEnded(job));
    const ends = running.map((job) => new Promise<void>((resolve) => void this.onceEnded(job, resolve)));
    const { promise: time, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, graceMs);
    await Promise.race([Promise.all(ends), time]);
    clearTimeout(timer);
    for (const job of running) if (!hasEnded(job)) this.#end(job, { status: 'failed', failure: closing(reason) });
  }

  /** Starts what may run: the oldest first, a few of each model. */
  #startNext(): void {
    for (const job of this.#queue.slice()) {
      const running = this.#running.get(job.target.name) ?? 0;
      if (running >= RUNNING_PER_MODEL) continue;
      this.#queue.splice(this.#queue.indexOf(job), 1);
      this.#running.set(job.target.name, running + 1);
      job.status = 'running';
      job.startedAt = Date.now();
      void this.#run(job);
    }
  }

  async #run(job: AsyncJob): Promise<void> {
    try {
      this.#keep(job, await runPatiently(job));
    } catch (error) {
      this.#end(job, { status: 'failed', failure: toApiError(error) });
    }
    const left = (this.#running.get(job.target.name) ?? 1) - 1;
    if (left > 0) this.#running.set(job.target.name, left);
    else this.#running.delete(job.target.name);
    this.#startNext();
  }

  #keep(job: AsyncJob, answer: KeptAnswer): void {
    if (hasEnded(job)) return;
    const bytes = answer.body.reduce((sum, chunk) => sum + chunk.byteLength, 0);
    if (this.#shelf.fits(job, bytes)) return this.#end(job, { status: 'succeeded', answer, bytes });
    const problem = `The answer has ${bytes} bytes, and there is no room to keep it (--max-job-bytes). Fetch or delete other answers, then submit it again.`;
    this.#end(job, { status: 'failed', failure: new ApiError('QueueFull', problem) });
  }

  #giveUp(job: AsyncJob): void {
    const problem = `The job was not done within ${this.#options.ttlMs / 1000} s (--job-ttl-seconds).`;
    if (hasEnded(job)) this.#forget(job);
    else this.#end(job, { status: 'failed', failure: new ApiError('DeadlineExceeded', problem) });
  }

  #end(job: AsyncJob, end: Ending): void {
    if (hasEnded(job)) return;
    const waiting = this.#queue.indexOf(job);
    if (waiting !== -1) this.#queue.splice(waiting, 1);
    const { order } = job;
    const { ttlMs, onEnded } = this.#options;
    this.#shelf.resize(job, end.bytes ?? 0);
    Object.assign(job, { ...end, order: undefined, bytes: end.bytes ?? 0, finishedAt: Date.now() });
    job.expiresAt = Date.now() + ttlMs;
    clearTimeout(this.#timers.get(job.id));
    this.#timers.set(job.id, setTimeout(() => this.#forget(job), ttlMs).unref());
    this.#ended[end.status] += 1;
    // What may still run for it is told that nobody waits.
    if (end.status !== 'succeeded') order?.call.cancel();
    const watchers = this.#watchers.get(job.id) ?? [];
    this.#watchers.delete(job.id);
    onEnded?.(job);
    for (const watcher of watchers) watcher();
  }

  #forget(job: AsyncJob): void {
    clearTimeout(this.#timers.get(job.id));
    this.#timers.delete(job.id);
    this.#shelf.remove(job);
  }
}

interface Ending {
  status: Exclude<JobStatus, 'queued' | 'running'>;
  answer?: KeptAnswer;
  failure?: ApiError;
  bytes?: number;
}

const closing = (reason: string) => new ApiError('NotReady', reason);

/** Nobody waits at the other end, so what can pass by itself is waited for: a full queue, a model that is loaded or started again. */
async function runPatiently(job: AsyncJob): Promise<KeptAnswer> {
  let restarts = 0;
  for (let delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(2 * delayMs, LONGEST_DELAY_MS)) {
    const { order } = job;
    if (order === undefined) throw new ApiError('Cancelled', 'The job was cancelled.');
    try {
      return await order.run();
    } catch (error) {
      const { code } = toApiError(error);
      if (code === 'ModelRestarting') restarts += 1;
      if (!ApiErrorCode[code].retryable || restarts >= MAX_RESTARTS || order.call.isCancelled) throw error;
    }
    await new Promise((resolve) => {
      setTimeout(resolve, delayMs).unref();
    });
  }
}
