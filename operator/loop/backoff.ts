/** How waiting times grow: from `firstMs`, doubling, up to `maxMs`. */
export interface BackoffLimits {
  firstMs: number;
  maxMs: number;
}

/** A source of numbers in [0, 1), such as `Math.random`. */
export type Random = () => number;

/** How long to wait after so many failures in a row (1 = the first). The jitter of ±50 % keeps many from trying at once. */
export function backoffMs(failures: number, { firstMs, maxMs }: BackoffLimits, random: Random): number {
  const grown = Math.min(maxMs, firstMs * 2 ** Math.min(failures - 1, 30));
  return grown * (0.5 + random());
}

/** Counts failures; only a healthy stretch starts the count again, so that flapping keeps its distance. */
export class Backoff {
  readonly #limits: BackoffLimits;
  readonly #random: Random;
  /** How many in a row. */
  failures = 0;

  constructor(limits: BackoffLimits, random: Random) {
    this.#limits = limits;
    this.#random = random;
  }

  /** The wait before the next try. */
  next(): number {
    this.failures += 1;
    return backoffMs(this.failures, this.#limits, this.#random);
  }

  reset(): void {
    this.failures = 0;
  }
}
