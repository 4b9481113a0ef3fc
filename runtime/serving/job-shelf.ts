import { ApiError } from '../errors.ts';
import { refuse, show } from '../protocol/v2-request.ts';
import type { AsyncJob, JobOrder } from './async-job.ts';
import { hasEnded } from './async-job.ts';

/** How much a shelf holds. */
export interface ShelfLimits {
  maxJobs: number;
  maxBytes: number;
}

/** Where jobs are kept, within limits. What has not ended, and what nobody has fetched yet, never gives way. */
export class JobShelf {
  readonly #limits: ShelfLimits;
  readonly #jobs = new Map<string, AsyncJob>();
  readonly #byKey = new Map<string, AsyncJob>();
  #bytes = 0;

  constructor(limits: ShelfLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#jobs.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(id: string): AsyncJob | undefined {
    return this.#jobs.get(id);
  }

  /** The job that was handed in with the same key, if there is one; another request with that key is refused. */
  same({ key, target }: Pick<JobOrder, 'key' | 'target'>): AsyncJob | undefined {
    if (key === undefined) return undefined;
    const job = this.#byKey.get(key.text);
    if (job === undefined) return undefined;
    const isSame =
      job.key?.digest === key.digest && job.target.name === target.name && job.target.version === target.version;
    if (!isSame) refuse('Idempotency-Key', `is ${show(key.text)}, which another request has used; send a new one.`);
    return job;
  }

  all(): AsyncJob[] {
    return [...this.#jobs.values()];
  }

  /** Makes sure that one more job of this size fits, or refuses it. */
  makeRoom(bytes: number): void {
    const { maxJobs, maxBytes } = this.#limits;
    if (bytes > maxBytes)
      throw new ApiError(
        'BodyTooLarge',
        `The request has ${bytes} bytes; at most ${maxBytes} are kept for jobs (--max-job-bytes).`,
      );
    const isFull = () => this.#jobs.size >= maxJobs || this.#bytes + bytes > maxBytes;
    this.#giveWay(isFull);
    if (isFull())
      throw new ApiError(
        'QueueFull',
        `${this.#jobs.size} jobs with ${this.#bytes} bytes are kept already; fetch and delete answers, or ask again later.`,
      );
  }

  /** True when a job may grow to this size. */
  fits(job: AsyncJob, bytes: number): boolean {
    const isOver = () => this.#bytes - job.bytes + bytes > this.#limits.maxBytes;
    this.#giveWay(isOver);
    return !isOver();
  }

  add(job: AsyncJob): void {
    this.#jobs.set(job.id, job);
    if (job.key !== undefined) this.#byKey.set(job.key.text, job);
    this.#bytes += job.bytes;
  }

  /** Notes that a job is going to hold so many bytes. */
  resize(job: AsyncJob, bytes: number): void {
    if (this.#jobs.has(job.id)) this.#bytes += bytes - job.bytes;
  }

  remove(job: AsyncJob): void {
    if (!this.#jobs.delete(job.id)) return;
    if (job.key !== undefined) this.#byKey.delete(job.key.text);
    this.#bytes -= job.bytes;
    // Whoever still knows the job must not keep the memory of its answer.
    delete job.answer;
  }

  /** Forgets answers that were fetched, the oldest first, while room is needed. */
  #giveWay(isNeeded: () => boolean): void {
    for (const job of this.#jobs.values()) {
      if (!isNeeded()) return;
      if (hasEnded(job) && job.wasFetched) this.remove(job);
    }
  }
}
