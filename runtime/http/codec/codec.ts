import type { Transferable } from 'node:worker_threads';
import { ApiError } from '../../errors.ts';
import type { CodecResult } from './codec-thread.ts';
import { CodecThread } from './codec-thread.ts';
import type { CodecJob, CodecResults } from './messages.ts';

/** A second thread lets a body of a second not wait for one of ten. */
const MAX_THREADS = 2;
const MAX_WAITING = 64;
const MAX_WAITING_BYTES = 256 * 1024 * 1024;
/** A thread that nobody needs is ended, so that its memory comes back. */
const IDLE_MS = 30_000;

interface Waiting {
  job: CodecJob;
  transfer: Transferable[];
  resolve: (result: CodecResult) => void;
  reject: (error: unknown) => void;
}

/** Threads beside the one that answers clients, for bodies that would hold it up. Started at first use. */
export class Codec {
  readonly #idleMs: number;
  readonly #threads = new Set<CodecThread>();
  readonly #waiting: Waiting[] = [];
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(idleMs = IDLE_MS) {
    this.#idleMs = idleMs;
  }

  /** Threads that are there now. */
  get threads(): number {
    return this.#threads.size;
  }

  /** Does a job in a thread; waits for one, in a line that has an end. */
  run<Kind extends CodecJob['kind']>(
    job: Extract<CodecJob, { kind: Kind }>,
    transfer: Transferable[],
  ): Promise<CodecResults[Kind]> {
    return new Promise((resolve, reject) => {
      const isFull =
        this.#waiting.length > 0 &&
        bytesOf([...this.#waiting.flatMap((other) => other.transfer), ...transfer]) > MAX_WAITING_BYTES;
      if (isFull || this.#waiting.length >= MAX_WAITING) return reject(full(this.#waiting.length));
      // The kind of the result follows from the kind of the job.
      this.#waiting.push({ job, transfer, resolve: resolve as (result: CodecResult) => void, reject });
      this.#dispatch();
    });
  }

  /** Ends all threads. */
  async close(): Promise<void> {
    clearTimeout(this.#idleTimer);
    const threads = [...this.#threads];
    this.#threads.clear();
    await Promise.all(threads.map((thread) => thread.close()));
  }

  #dispatch(): void {
    while (this.#waiting.length > 0) {
      const thread = this.#freeThread();
      if (thread === undefined) return;
      const next = this.#waiting.shift();
      if (next !== undefined) void this.#runOn(thread, next);
    }
  }

  #freeThread(): CodecThread | undefined {
    for (const thread of this.#threads) {
      if (thread.hasEnded) this.#threads.delete(thread);
      else if (thread.isFree) return thread;
    }
    if (this.#threads.size >= MAX_THREADS) return undefined;
    const thread = new CodecThread();
    this.#threads.add(thread);
    return thread;
  }

  async #runOn(thread: CodecThread, { job, transfer, resolve, reject }: Waiting): Promise<void> {
    clearTimeout(this.#idleTimer);
    try {
      resolve(await thread.run(job, transfer));
    } catch (error) {
      reject(error);
    }
    this.#dispatch();
    if ([...this.#threads].every(({ isFree, hasEnded }) => isFree || hasEnded)) this.#endLater();
  }

  #endLater(): void {
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => void this.close(), this.#idleMs).unref();
  }
}

const bytesOf = (transfer: readonly Transferable[]): number =>
  transfer.reduce((sum, part) => sum + (part instanceof ArrayBuffer ? part.byteLength : 0), 0);

const full = (waiting: number) =>
  new ApiError('QueueFull', `${waiting} large bodies wait to be read or written already; ask again.`);

/** The threads of this server. */
export const sharedCodec = new Codec();
