import { backoffMs, type BackoffLimits, type Random } from './backoff.ts';
import type { Clock, Timer } from './clock.ts';
import { Turns } from './turns.ts';

/** What a queue needs; the observers are for metrics. */
export interface QueueOptions {
  clock: Clock;
  random: Random;
  backoff: BackoffLimits;
  onDepth?: (depth: number) => void;
  onTaken?: (waitedMs: number) => void;
}

/** How soon a key is to be looked at. `begun` work comes before what has not been begun, so that much work ends early. */
export type Urgency = 'begun' | 'new';

/** While both wait, so many of the begun come for each new one: neither may hold up the other for ever. */
const BEGUN_PER_NEW = 4;

/**
 * Keys (`namespace/name`) that wait for a worker. A key waits at most once and is never with two workers; namespaces take
 * turns, so that one with a thousand objects does not hold up another with one.
 */
export class WorkQueue {
  readonly #options: QueueOptions;
  readonly #ready: Readonly<Record<Urgency, Turns>> = { begun: new Turns(), new: new Turns() };
  readonly #delayed = new Map<string, { at: number; timer: Timer }>();
  readonly #taken = new Set<string>();
  /** Keys that were added while a worker had them. */
  readonly #again = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #waiters: ((key: string | undefined) => void)[] = [];
  #begunInARow = 0;
  #isClosed = false;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /** How many keys are ready. */
  get depth(): number {
    return this.#ready.begun.size + this.#ready.new.size;
  }

  /** Makes the key due now. */
  add(key: string, urgency: Urgency = 'new'): void {
    if (this.#isClosed) return;
    if (this.#taken.has(key)) {
      this.#again.add(key);
      return;
    }
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) {
      this.#take(key, 0);
      waiter(key);
      return;
    }
    this.#enqueue(key, urgency);
  }

  /** Makes the key due after a while; the earliest wish wins. */
  addAfter(key: string, delayMs: number, urgency: Urgency = 'new'): void {
    if (this.#isClosed) return;
    if (delayMs <= 0) return this.add(key, urgency);
    const { clock } = this.#options;
    const at = clock.monotonic() + delayMs;
    const known = this.#delayed.get(key);
    if (known !== undefined && known.at <= at) return;
    known?.timer.cancel();
    const timer = clock.after(delayMs, () => {
      this.#delayed.delete(key);
      this.add(key, urgency);
    });
    this.#delayed.set(key, { at, timer });
  }

  /** Makes the key due after a wait that grows with each failure in a row; gives the wait. */
  retry(key: string): number {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    const delayMs = backoffMs(failures, this.#options.backoff, this.#options.random);
    this.addAfter(key, delayMs);
    return delayMs;
  }

  /** The key went well: its next failure counts as the first. */
  succeeded(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key, waiting for one; undefined once the queue is closed. The worker must call `done`. */
  next(): Promise<string | undefined> {
    if (this.#isClosed) return Promise.resolve(undefined);
    const ready = this.#pop();
    if (ready === undefined) return new Promise((resolve) => void this.#waiters.push(resolve));
    this.#take(ready.key, this.#options.clock.monotonic() - ready.since);
    return Promise.resolve(ready.key);
  }

  /** The worker is done with the key. */
  done(key: string): void {
    this.#taken.delete(key);
    if (this.#again.delete(key)) this.add(key, 'begun');
  }

  /** Nothing is given out any more. */
  close(): void {
    this.#isClosed = true;
    for (const { timer } of this.#delayed.values()) timer.cancel();
    this.#delayed.clear();
    this.#ready.begun.clear();
    this.#ready.new.clear();
    for (const waiter of this.#waiters.splice(0)) waiter(undefined);
  }

  /** The pass that begins sees everything, so earlier wishes for a later pass are void: it makes its own. */
  #take(key: string, waitedMs: number): void {
    this.#delayed.get(key)?.timer.cancel();
    this.#delayed.delete(key);
    this.#taken.add(key);
    this.#options.onTaken?.(waitedMs);
  }

  #enqueue(key: string, urgency: Urgency): void {
    const { begun, new: fresh } = this.#ready;
    if (begun.has(key)) return;
    const since = (urgency === 'begun' ? fresh.remove(key) : undefined) ?? this.#options.clock.monotonic();
    this.#ready[urgency].add(key, since);
    this.#options.onDepth?.(this.depth);
  }

  #pop(): { key: string; since: number } | undefined {
    const { begun, new: fresh } = this.#ready;
    const isTurnOfNew = this.#begunInARow >= BEGUN_PER_NEW && fresh.size > 0;
    const isBegun = begun.size > 0 && !isTurnOfNew;
    this.#begunInARow = isBegun ? this.#begunInARow + 1 : 0;
    const popped = isBegun ? begun.next() : fresh.next();
    if (popped !== undefined) this.#options.onDepth?.(this.depth);
    return popped;
  }
}
