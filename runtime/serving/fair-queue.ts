import type { Job } from './job.ts';
import { canShare } from './job.ts';

/** The requests of one client, in the order they came. */
interface Line {
  client: string;
  jobs: Job[];
  /** How many at the front have been taken; they are cut off now and then, not one by one. */
  taken: number;
}

/** How much a queue holds. */
export interface QueueLimits {
  maxJobs: number;
  maxBytes: number;
}

/** Requests that wait: lower priority numbers first, and within a priority one from each client in turn. */
export class FairQueue {
  readonly #limits: QueueLimits;
  readonly #levels = new Map<number, Line[]>();
  #order: number[] = [];
  #size = 0;
  #bytes = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  /** Requests that wait. */
  get size(): number {
    return this.#size;
  }

  /** True when there is no room for this request. An empty queue takes any. */
  isFull(bytes: number): boolean {
    return this.#size >= this.#limits.maxJobs || (this.#size > 0 && this.#bytes + bytes > this.#limits.maxBytes);
  }

  /** Adds a request at the end of its client's line. */
  add(job: Job): void {
    const { priority, client } = job.call;
    let lines = this.#levels.get(priority);
    if (lines === undefined) {
      lines = [];
      this.#levels.set(priority, lines);
      this.#order = [...this.#levels.keys()].toSorted((a, b) => a - b);
    }
    const line = lines.find((other) => other.client === client);
    if (line === undefined) lines.push({ client, jobs: [job], taken: 0 });
    else line.jobs.push(job);
    this.#size += 1;
    this.#bytes += job.bytes;
  }

  /** Takes out a request that nobody waits for any more, so that it takes no room; nothing where it is not in here. */
  remove(job: Job): void {
    const lines = this.#levels.get(job.call.priority) ?? [];
    const line = lines.find(({ client }) => client === job.call.client);
    const at = line?.jobs.indexOf(job, line.taken) ?? -1;
    if (line === undefined || at === -1) return;
    line.jobs.splice(at, 1);
    if (line.jobs.length === line.taken) lines.splice(lines.indexOf(line), 1);
    this.#size -= 1;
    this.#bytes -= job.bytes;
  }

  /** When the request that is next has been waiting since. */
  get nextSince(): number {
    return this.#first()?.queuedAt ?? Infinity;
  }

  /** Rows that wait, counted up to a limit. */
  rowsUpTo(limit: number): number {
    let rows = 0;
    for (const lines of this.#levels.values()) {
      for (const { jobs, taken } of lines) {
        for (let at = taken; at < jobs.length && rows < limit; at += 1) rows += jobs[at]?.rows ?? 0;
      }
    }
    return rows;
  }

  /** Takes requests that can share a run, up to a number of rows; the first is taken whatever its size. */
  take(maxRows: number): Job[] {
    const batch: Job[] = [];
    let rows = 0;
    for (const priority of this.#order) {
      const lines = this.#levels.get(priority) ?? [];
      let idle = 0;
      while (lines.length > 0 && idle < lines.length && (batch.length === 0 || rows < maxRows)) {
        const job = this.#takeFrom(lines, batch[0], maxRows - rows);
        idle = job === undefined ? idle + 1 : 0;
        if (job === undefined || job.isSettled) continue;
        batch.push(job);
        rows += job.rows;
      }
    }
    return batch;
  }

  /** Takes everything: for the end. */
  drain(): Job[] {
    const all = [...this.#levels.values()].flatMap((lines) => lines.flatMap(({ jobs, taken }) => jobs.slice(taken)));
    this.#levels.clear();
    this.#order = [];
    this.#size = 0;
    this.#bytes = 0;
    return all.filter(({ isSettled }) => !isSettled);
  }

  /** The next request of the client whose turn it is; it then goes to the end. Undefined when that one does not fit. */
  #takeFrom(lines: Line[], first: Job | undefined, room: number): Job | undefined {
    const line = lines.shift();
    const job = line?.jobs[line.taken];
    if (line === undefined || job === undefined) return undefined;
    const fits = job.isSettled || first === undefined || (job.rows <= room && canShare(first, job));
    if (fits) {
      advance(line);
      this.#size -= 1;
      this.#bytes -= job.bytes;
    }
    if (line.jobs.length > line.taken) lines.push(line);
    return fits ? job : undefined;
  }

  #first(): Job | undefined {
    for (const priority of this.#order) {
      const [line] = this.#levels.get(priority) ?? [];
      if (line !== undefined) return line.jobs[line.taken];
    }
    return undefined;
  }
}

function advance(line: Line): void {
  line.taken += 1;
  if (line.taken < 64 || line.taken * 2 < line.jobs.length) return;
  line.jobs.splice(0, line.taken);
  line.taken = 0;
}
