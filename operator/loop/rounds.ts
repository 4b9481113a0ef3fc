import { sleep, type Clock } from './clock.ts';

/** Something that is done again and again, with a pause between two rounds. */
export class Rounds {
  readonly #clock: Clock;
  readonly #everySeconds: number;
  #stop: AbortController | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor({ clock, everySeconds }: { clock: Clock; everySeconds: number }) {
    this.#clock = clock;
    this.#everySeconds = everySeconds;
  }

  /** Starts the rounds. */
  start(round: () => Promise<void>): void {
    const stop = new AbortController();
    this.#stop = stop;
    this.#running = this.#loop(round, stop.signal);
  }

  /** Ends the rounds; the one that runs ends first. */
  async stop(): Promise<void> {
    this.#stop?.abort();
    await this.#running;
  }

  async #loop(round: () => Promise<void>, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await round();
      await sleep(this.#clock, this.#everySeconds * 1000, signal);
    }
  }
}

/** Does the same with all items, so many at once. */
export async function forEachAtOnce<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
}
