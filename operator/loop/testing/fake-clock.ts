import type { Clock, Timer } from '../clock.ts';

/** A clock that stands still until told otherwise. */
export class FakeClock implements Clock {
  #time: number;
  #wallOffset = 0;
  #timers: { at: number; run: () => void }[] = [];

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#time = startMs;
  }

  now = (): number => this.#time + this.#wallOffset;

  monotonic = (): number => this.#time;

  after = (delayMs: number, run: () => void): Timer => {
    const timer = { at: this.#time + delayMs, run };
    this.#timers.push(timer);
    return { cancel: () => void (this.#timers = this.#timers.filter((other) => other !== timer)) };
  };

  /** Moves the wall clock alone, as an NTP step would. */
  jumpWall(deltaMs: number): void {
    this.#wallOffset += deltaMs;
  }

  /** How many timers wait. */
  get waiting(): number {
    return this.#timers.length;
  }

  /** Lets time pass: timers run in order, and what they start goes on before the next one. */
  async advance(deltaMs: number): Promise<void> {
    const end = this.#time + deltaMs;
    await settle();
    for (let next = this.#due(end); next !== undefined; next = this.#due(end)) {
      this.#time = Math.max(this.#time, next.at);
      this.#timers.splice(this.#timers.indexOf(next), 1);
      next.run();
      await settle();
    }
    this.#time = end;
  }

  #due(end: number): { at: number; run: () => void } | undefined {
    return this.#timers
      .filter(({ at }) => at <= end)
      .reduce<{ at: number; run: () => void } | undefined>(
        (first, timer) => (first === undefined || timer.at < first.at ? timer : first),
        undefined,
      );
  }
}

/** Lets everything that needs no time go on until it waits. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
