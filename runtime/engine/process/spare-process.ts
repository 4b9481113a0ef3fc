import type { EngineChild } from './process-session.ts';
import { proportionalBytes } from './proportional-bytes.ts';

/** Processes of the engine that are started before there is a model for them: most of a small model's load is that start. */
export class SpareProcesses {
  readonly #start: () => EngineChild;
  readonly #count: number;
  readonly #spares = new Map<EngineChild, () => void>();
  #isClosed = false;

  constructor(start: () => EngineChild, count: number) {
    this.#start = start;
    this.#count = count;
  }

  /** A process for a model: one that is there, or else a new one. */
  take(): EngineChild {
    for (const [spare, forget] of this.#spares) {
      forget();
      spare.off('error', forget);
      spare.off('exit', forget);
      hold(spare);
      return spare;
    }
    return this.#start();
  }

  /** Starts what is missing. Called when a load is over, so that the start does not take the load's core. */
  refill(): void {
    while (!this.#isClosed && this.#spares.size < this.#count) {
      const spare = this.#start();
      const forget = () => this.#spares.delete(spare);
      spare.once('error', forget);
      spare.once('exit', forget);
      release(spare);
      this.#spares.set(spare, forget);
    }
  }

  /** Memory that the spares take, in bytes. */
  async memoryBytes(): Promise<number> {
    const sizes = await Promise.all(
      [...this.#spares.keys()].map(async ({ pid }) => (pid === undefined ? 0 : proportionalBytes(pid))),
    );
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  /** Ends the spares, for good. */
  close(): void {
    this.#isClosed = true;
    for (const spare of this.#spares.keys()) spare.kill('SIGKILL');
    this.#spares.clear();
  }
}

type Holdable = { ref?: () => unknown; unref?: () => unknown };
const handles = (child: EngineChild): Holdable[] => [
  child,
  child.stdin as Holdable,
  child.stdout as Holdable,
  child.stderr as Holdable,
];

/** A spare does not keep the server running. */
function release(child: EngineChild): void {
  for (const handle of handles(child)) handle.unref?.();
}

function hold(child: EngineChild): void {
  for (const handle of handles(child)) handle.ref?.();
}
