import { readChunk, type Chunk } from '../decide/training-job/log-lines/read-chunk.ts';
import { ApiError, isForbidden, isNotFound } from '../kube/api-errors.ts';
import type { Cluster } from '../kube/cluster.ts';
import type { Clock } from '../loop/clock.ts';
import type { PodMemory } from './pod-memory.ts';
import { CONTAINER } from './training-pod.ts';

const MOST_LINES = 2000;
const FEW_LINES = 50;
/** So many lines are read in one go, before others may use the processor. */
const LINES_AT_ONCE = 250;
const MOST_BYTES = 2 ** 20;
const FIRST_PAUSE_MS = 5000;
const LONGEST_PAUSE_MS = 300_000;
const FORBIDDEN_PAUSE_MS = 300_000;
const LONGEST_REFUSAL_MS = 60_000;

/** How much of a log is wanted. */
export interface Wish {
  /** Names of metrics that count, in canonical form. */
  wanted: ReadonlySet<string>;
  /** Only its place is of interest: few lines do. */
  isBrief?: boolean;
  /** Where to begin when nothing was read yet. */
  sinceMs?: number | undefined;
}

/** A piece of a log that was read. */
export interface Piece extends Chunk {
  /** Lines were left out before it, since the read before. */
  hasSkipped: boolean;
}

/** Reads logs of pods, bounded in lines and bytes, one read at a time a pod. */
export class LogReader {
  readonly #cluster: Cluster;
  readonly #clock: Clock;
  readonly #turns = new Map<string, Promise<unknown>>();
  #refusals = 0;
  #pauseUntilMs = -Infinity;
  /** Why nothing can be read, in words for the user. */
  problem: string | undefined;

  constructor(cluster: Cluster, clock: Clock) {
    this.#cluster = cluster;
    this.#clock = clock;
  }

  /** Whether the API server wants to be left alone. */
  get isPaused(): boolean {
    return this.#clock.monotonic() < this.#pauseUntilMs;
  }

  /** Reads what is new in the log of a pod and hands it over, before anybody else may read on; throws what the API server throws. */
  async read(memory: PodMemory, wish: Wish, take: (piece: Piece) => void): Promise<void> {
    const { uid } = memory.pod;
    const before = this.#turns.get(uid) ?? Promise.resolve();
    const turn = before.then(() => this.#readNow(memory, wish, take));
    const settled = turn.catch(() => undefined);
    this.#turns.set(uid, settled);
    try {
      await turn;
    } finally {
      if (this.#turns.get(uid) === settled) this.#turns.delete(uid);
    }
  }

  async #readNow(memory: PodMemory, wish: Wish, take: (piece: Piece) => void): Promise<void> {
    const { endedAtMs } = memory.pod;
    const [after, step] = [memory.lastStamp, memory.step];
    const { text, isCut } = wholeLines(await this.#ask(memory, wish));
    const nowMs = this.#clock.now();
    const options = { wanted: wish.wanted, nowMs, ...(after === undefined ? {} : { after }) };
    let isFirst = true;
    for (const lines of piecesOf(text)) {
      if (!isFirst) await new Promise((resolve) => setImmediate(resolve));
      const chunk = readChunk(lines, options);
      memory.listen(chunk, nowMs);
      take({ ...chunk, hasSkipped: isFirst && wish.isBrief !== true && chunk.lines > 0 && !chunk.isConnected });
      isFirst = false;
    }
    memory.endRead(step, nowMs);
    memory.isReadToEnd = endedAtMs !== undefined && !isCut;
  }

  async #ask({ pod, lastStamp }: PodMemory, { isBrief = false, sinceMs }: Wish): Promise<string> {
    const { namespace, name } = pod;
    const sinceTime = wholeSecond(lastStamp === undefined ? sinceMs : Date.parse(lastStamp));
    const query = {
      namespace,
      name,
      container: CONTAINER,
      tailLines: isBrief ? FEW_LINES : MOST_LINES,
      limitBytes: MOST_BYTES,
      ...(sinceTime === undefined ? {} : { sinceTime }),
    };
    return this.#counted(() => this.#cluster.readLog(query));
  }

  /** Counts refusals: when the API server is at its limits, all reads wait. */
  async #counted(read: () => Promise<string>): Promise<string> {
    try {
      const log = await read();
      this.#refusals = 0;
      this.problem = undefined;
      return log;
    } catch (error) {
      if (isForbidden(error)) {
        this.problem = 'The operator may not read the logs of pods: allow it to get pods/log in this namespace.';
        this.#pauseUntilMs = this.#clock.monotonic() + FORBIDDEN_PAUSE_MS;
      } else if (isRefusal(error)) {
        this.#refusals += 1;
        const pauseMs = Math.min(LONGEST_REFUSAL_MS, FIRST_PAUSE_MS * 2 ** (this.#refusals - 1));
        this.#pauseUntilMs = this.#clock.monotonic() + pauseMs;
      }
      throw error;
    }
  }
}

/** How long a pod whose log could not be read is left alone. */
export const pauseAfter = (failures: number): number => Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures);

/** A pod that is gone, and a container that has not started, are no failures. */
export const isNothingToRead = (error: unknown): boolean =>
  isNotFound(error) || (error instanceof ApiError && error.code === 400);

const isRefusal = (error: unknown): boolean => error instanceof ApiError && (error.code === 429 || error.code === 503);

function wholeSecond(timeMs: number | undefined): string | undefined {
  return timeMs === undefined || Number.isNaN(timeMs)
    ? undefined
    : `${new Date(Math.max(0, timeMs)).toISOString().slice(0, 19)}Z`;
}

/** What was cut off at the limit ends in the middle of a line, which is read as a whole the next time. */
function wholeLines(text: string): { text: string; isCut: boolean } {
  const isCut = text.length > MOST_BYTES / 4 && Buffer.byteLength(text) >= MOST_BYTES;
  const end = text.lastIndexOf('\n');
  return isCut && end > 0 ? { text: text.slice(0, end + 1), isCut } : { text, isCut: false };
}

function* piecesOf(text: string): Generator<string> {
  let start = 0;
  while (start < text.length) {
    let end = start;
    for (let lines = 0; lines < LINES_AT_ONCE && end < text.length; lines += 1) {
      const newline = text.indexOf('\n', end);
      end = newline < 0 ? text.length : newline + 1;
    }
    yield text.slice(start, end);
    start = end;
  }
}
