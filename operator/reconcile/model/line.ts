import type { Goal } from '../../decide/model/goal.ts';

/** A cluster that is full may hold so many times the limit of verifications that wait for room. */
const PARKED_PER_PLACE = 8;

/** A turn in the line; the lowest comes first. A new Model does not wait for ten thousand that are verified again. */
export const turnOf = (goal: Goal, since: string): string => `${goal === 'verifyAgain' ? '2' : '1'} ${since}`;

/** Says which Model to look at again. */
export type Wake = (key: string) => void;

/**
 * The line of Models that want to be verified: so many run at once, the one that has waited longest comes first.
 * It lives in memory; `reconcile.ts` fills it from the cache after a restart.
 */
export class VerificationLine {
  readonly #limit: number;
  readonly #wake: Wake;
  readonly #running = new Set<string>();
  /** Started, but waiting for a node, a quota or an image: they must not keep everybody else from being verified. */
  readonly #parked = new Set<string>();
  readonly #waiting = new Map<string, string>();

  constructor(limit: number, wake: Wake) {
    this.#limit = limit;
    this.#wake = wake;
  }

  /** Takes a place without asking: the verification runs already. */
  hold(key: string): void {
    this.#waiting.delete(key);
    this.#parked.delete(key);
    this.#running.add(key);
  }

  /** Lets others run while this verification cannot go on. */
  park(key: string): void {
    if (this.#parked.has(key) || this.#parked.size >= this.#limit * PARKED_PER_PLACE) return;
    this.#running.delete(key);
    this.#parked.add(key);
    this.#wakeNext();
  }

  /** Waits in the line with this turn, without asking for it yet. */
  join(key: string, turn: string): void {
    if (!this.#running.has(key)) this.#waiting.set(key, turn);
  }

  /** Asks for a turn. Gives how many are before this one; 0 and the right to start when it is its turn. */
  ask(key: string, turn: string): { granted: boolean; ahead: number } {
    if (this.#running.has(key) || this.#parked.has(key)) return { granted: true, ahead: 0 };
    this.join(key, turn);
    const ahead = this.#countBefore(key, turn);
    const granted = ahead < this.#limit - this.#running.size;
    if (granted) this.hold(key);
    return { granted, ahead: granted ? 0 : ahead + Math.min(this.#running.size, this.#limit) };
  }

  /** Leaves the line or gives the place back, and wakes who comes next. */
  leave(key: string): void {
    const places = [this.#waiting.delete(key), this.#running.delete(key), this.#parked.delete(key)];
    if (places.includes(true)) this.#wakeNext();
  }

  #wakeNext(): void {
    const free = this.#limit - this.#running.size;
    if (free <= 0 || this.#waiting.size === 0) return;
    const next = [...this.#waiting].toSorted(byTurn).slice(0, free);
    for (const [waiting] of next) this.#wake(waiting);
  }

  #countBefore(key: string, turn: string): number {
    let count = 0;
    for (const other of this.#waiting) if (other[0] !== key && byTurn(other, [key, turn]) < 0) count += 1;
    return count;
  }
}

/** By code units: localeCompare takes a second for ten thousand that ask once each. */
function byTurn([keyA, turnA]: [string, string], [keyB, turnB]: [string, string]): number {
  if (turnA !== turnB) return turnA < turnB ? -1 : 1;
  return keyA < keyB ? -1 : Number(keyA > keyB);
}
