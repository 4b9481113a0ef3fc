import type { Session } from '../engine/engine.ts';
import { EngineError } from '../engine/engine.ts';
import { rowsOf } from '../engine/rows.ts';
import { ApiError } from '../errors.ts';
import type { Tensor } from '../protocol/tensor.ts';
import { BatchSizer } from './batch-size.ts';
import type { Call } from './call.ts';
import { FairQueue } from './fair-queue.ts';
import { Instance } from './instance.ts';
import type { Job } from './job.ts';
import { haveOneRowCount, settle } from './job.ts';
import type { ModelMeter } from './model-meter.ts';
import { add } from './model-meter.ts';

/** How requests to a model are queued and put together. */
export interface RunnerLimits {
  /** Copies of the model that run side by side. */
  instances: number;
  /** How long a request may wait for company, in milliseconds. With 0 it never waits: what came in while the engine was busy goes together. */
  maxDelayMs: number;
  targetP99Ms?: number | undefined;
  maxQueue: number;
  maxQueueBytes: number;
}

/** What a runner needs. */
export interface RunnerOptions {
  open: () => Promise<Session>;
  limits: RunnerLimits;
  meter: ModelMeter;
  /** Told when an instance was lost and is started again. */
  onLost: (reason: EngineError) => void;
}

/** Queues the requests of one model and runs them on its instances, several in one run where that was shown to be right and faster. */
export class ModelRunner {
  readonly #options: RunnerOptions;
  readonly #instances: Instance[];
  readonly #queue: FairQueue;
  #sizer = new BatchSizer({ maxRows: 1 });
  #maxRows = 1;
  /** Why no instance can be started again; requests are refused until one can. */
  #whyDown: ApiError | undefined;
  #isPlanned = false;
  #isClosed = false;
  #delayTimer: NodeJS.Timeout | undefined;

  constructor(options: RunnerOptions) {
    this.#options = options;
    const { instances, maxQueue: maxJobs, maxQueueBytes: maxBytes } = options.limits;
    this.#queue = new FairQueue({ maxJobs, maxBytes });
    const events = {
      onReady: () => {
        this.#whyDown = undefined;
        this.#plan();
      },
      onLost: (reason: EngineError) => {
        options.meter.restarts += 1;
        options.onLost(reason);
      },
      onFailedStart: (error: unknown) => this.#onFailedStart(error),
    };
    this.#instances = Array.from({ length: instances }, () => new Instance(options.open, events));
  }

  /** Loads all instances. */
  async start(): Promise<void> {
    // One after another: two at a time would need the memory of loading twice.
    for (const instance of this.#instances) await instance.start();
  }

  /** Allows up to so many rows in one run. */
  allowRows(maxRows: number): void {
    this.#maxRows = maxRows;
    this.#sizer = new BatchSizer({ maxRows, targetP99Ms: this.#options.limits.targetP99Ms });
  }

  /** A loaded session, to look at its tensors; undefined while none is there. */
  get session(): Session | undefined {
    return this.#instances.find(({ session }) => session !== undefined)?.session;
  }

  /** Most rows in one run now. */
  get maxRows(): number {
    return Math.min(this.#maxRows, this.#sizer.maxRows);
  }

  /** Resident bytes of all instances, where they have processes of their own. */
  residentBytes(): number {
    return this.#instances.reduce((sum, { session }) => sum + (session?.residentBytes?.() ?? 0), 0);
  }

  /** CPU time of all instances so far, in seconds. */
  cpuSeconds(): number {
    return this.#instances.reduce((sum, instance) => sum + instance.cpuSeconds(), 0);
  }

  /** Memory of all instances in bytes, with what processes share counted once. */
  async memoryBytes(): Promise<number> {
    const sizes = await Promise.all(this.#instances.map(async ({ session }) => (await session?.memoryBytes?.()) ?? 0));
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  /** True while work is running or waiting. */
  get isBusy(): boolean {
    return this.#queue.size > 0 || this.#instances.some(({ isBusy }) => isBusy);
  }

  /** Runs the model for one request. */
  run(inputs: readonly Tensor[], outputNames: readonly string[], call: Call): Promise<readonly Tensor[]> {
    return this.#enqueue({ inputs, outputNames, call, isAlone: this.#maxRows > 1 && !haveOneRowCount(inputs) });
  }

  #enqueue(asked: Pick<Job, 'inputs' | 'outputNames' | 'call' | 'isAlone'>): Promise<readonly Tensor[]> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) return reject(new ApiError('NotReady', 'The model is being unloaded.'));
      if (this.#whyDown !== undefined) return reject(this.#whyDown);
      if (asked.call.isCancelled) return reject(cancelled());
      const bytes = bytesOf(asked.inputs);
      if (this.#queue.isFull(bytes)) return reject(queueFull(this.#queue.size));
      const rows = rowsOf(asked.inputs);
      const job: Job = { ...asked, rows, bytes, queuedAt: performance.now(), resolve, reject, isSettled: false };
      watch(job, () => this.#queue.remove(job));
      this.#queue.add(job);
      this.#plan();
    });
  }

  /** Ends all instances; what waits is told to ask again. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#delayTimer);
    for (const job of this.#queue.drain())
      settle(job, () =>
        job.reject(new ApiError('ModelRestarting', 'The model was unloaded while the request waited.')),
      );
    await Promise.all(this.#instances.map((instance) => instance.close()));
  }

  /** Looks for work once all requests that have arrived together are in the queue. */
  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    setImmediate(() => {
      this.#isPlanned = false;
      this.#dispatch();
    });
  }

  #dispatch(): void {
    for (const instance of this.#instances) {
      if (this.#queue.size === 0) return;
      if (!instance.isFree) continue;
      if (this.#shouldWait()) return;
      const batch = this.#queue.take(this.maxRows);
      if (batch.length > 0) void this.#runOn(instance, batch);
    }
  }

  /** With a delay, a run waits until it is full or its first request has waited long enough. */
  #shouldWait(): boolean {
    const { maxDelayMs } = this.#options.limits;
    const { maxRows } = this;
    if (maxDelayMs === 0 || maxRows <= 1) return false;
    const waitMs = this.#queue.nextSince + maxDelayMs - performance.now();
    if (waitMs <= 0 || this.#queue.rowsUpTo(maxRows) >= maxRows) return false;
    clearTimeout(this.#delayTimer);
    this.#delayTimer = setTimeout(() => this.#dispatch(), waitMs);
    return true;
  }

  async #runOn(instance: Instance, batch: readonly Job[]): Promise<void> {
    const { session } = instance;
    if (session === undefined) return;
    const { meter } = this.#options;
    instance.isBusy = true;
    const startedAt = performance.now();
    for (const { queuedAt } of batch) {
      meter.stages.queue.observe((startedAt - queuedAt) / 1000);
      add(meter.tallies.queue, startedAt - queuedAt);
    }
    try {
      const { answers, computeMs } = await session.runBatch(
        batch.map(({ inputs }) => inputs),
        batch[0]?.outputNames ?? [],
      );
      const tookMs = performance.now() - startedAt;
      const rows = batch.reduce((sum, job) => sum + job.rows, 0);
      this.#sizer.learn(rows, tookMs);
      meter.tallies.infer.ms += tookMs * batch.length;
      meter.ran(rows, { computeMs, transferMs: Math.max(0, tookMs - computeMs) });
      for (const [index, job] of batch.entries()) settle(job, () => job.resolve(answers[index] ?? []));
    } catch (error) {
      this.#onFailedRun(batch, error);
      instance.isBusy = false;
      // By its next turn the instance knows that it was lost, and takes nothing more.
      if (isLost(error)) return this.#plan();
    }
    instance.isBusy = false;
    if (this.#queue.size > 0) this.#dispatch();
  }

  /** A request waits while a lost instance is loaded again, but not for one that does not come back. */
  #onFailedStart(error: unknown): void {
    const reason =
      error instanceof EngineError ? error : new EngineError('failed', 'its file or engine failed', { cause: error });
    this.#options.onLost(reason);
    if (this.#isClosed || this.session !== undefined) return;
    const why = new ApiError('NotReady', `The model cannot be loaded again, which is tried on: ${reason.message}`, {
      cause: error,
    });
    this.#whyDown = why;
    for (const job of this.#queue.drain()) settle(job, () => job.reject(why));
  }

  /** One bad request must not fail those that shared its run: each is run again alone. A lost process is told to all. */
  #onFailedRun(batch: readonly Job[], error: unknown): void {
    if (batch.length === 1 || isLost(error)) {
      for (const job of batch) settle(job, () => job.reject(error));
      return;
    }
    if (error instanceof EngineError && error.kind === 'notBatchable') this.allowRows(1);
    for (const job of batch) {
      this.#enqueue({ inputs: job.inputs, outputNames: job.outputNames, call: job.call, isAlone: true }).then(
        (outputs) => settle(job, () => job.resolve(outputs)),
        (failure: unknown) => settle(job, () => job.reject(failure)),
      );
    }
  }
}

const isLost = (error: unknown): boolean =>
  error instanceof EngineError && ['crashed', 'killed', 'hung', 'closed'].includes(error.kind);

const bytesOf = (inputs: readonly Tensor[]): number =>
  inputs.reduce((sum, { data }) => sum + (Array.isArray(data) ? data.length * 16 : data.byteLength), 0);

/** Gives up a request when its client goes or its time is over. What already runs cannot be stopped; its answer is dropped. */
function watch(job: Job, forget: () => void): void {
  const { call } = job;
  const giveUp = (why: ApiError) => {
    settle(job, () => job.reject(why));
    forget();
  };
  call.onCancel = () => giveUp(cancelled());
  if (call.deadlineAt === Infinity) return;
  const waitMs = Math.min(MAX_TIMER_MS, Math.max(0, call.deadlineAt - performance.now()));
  job.timer = setTimeout(() => giveUp(tooLate()), waitMs);
}

const MAX_TIMER_MS = 2 ** 31 - 1;
const cancelled = () => new ApiError('Cancelled', 'The request was cancelled.');
const tooLate = () =>
  new ApiError('DeadlineExceeded', 'The answer was not there in the time that the request gave; give it more time.');
const queueFull = (waiting: number) =>
  new ApiError('QueueFull', `${waiting} requests wait for this model already; ask again, or add replicas.`);
