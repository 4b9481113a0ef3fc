import type { ApiClient, Resource } from './api.ts';

/** Follows the objects of one collection through a watch and remembers when each first passed a test. */
export class Tracker {
  /** When each object first passed the test, by name, in milliseconds of `performance.now()`. */
  readonly passedAt = new Map<string, number>();
  /** Objects that exist, by name. */
  readonly present = new Map<string, Resource>();
  readonly #stop = new AbortController();
  readonly #path: string;
  readonly #passes: (object: Resource) => boolean;
  #failure: unknown;
  #wake: () => void = () => undefined;

  constructor(api: ApiClient, path: string, passes: (object: Resource) => boolean = () => true) {
    this.#path = path;
    this.#passes = passes;
    this.#follow(api).catch((error: unknown) => {
      if (this.#stop.signal.aborted) return;
      this.#failure = error;
      this.#wake();
    });
  }

  /** The API server may end a watch at any time, and does when it has too much to do: list again, and go on. */
  async #follow(api: ApiClient): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const { items, resourceVersion } = await api.list(this.#path);
      const there = new Set(items.map(({ metadata }) => metadata.name));
      for (const name of this.present.keys()) if (!there.has(name)) this.present.delete(name);
      for (const item of items) this.#see('MODIFIED', item);
      this.#wake();
      await api.watch(this.#path, { resourceVersion, signal }, (type, object) => {
        this.#see(type, object);
        this.#wake();
      });
    }
  }

  #see(type: string, object: Resource): void {
    const { name } = object.metadata;
    if (type === 'ERROR') return;
    if (type === 'DELETED') this.present.delete(name);
    else this.present.set(name, object);
    if (!this.passedAt.has(name) && this.#passes(object)) this.passedAt.set(name, performance.now());
  }

  /** Resolves when the condition holds; rejects after the time limit, saying how far it came. */
  async until(holds: (tracker: this) => boolean, timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!holds(this)) {
      if (this.#failure !== undefined) throw new Error(`watching ${this.#path}`, { cause: this.#failure });
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) {
        const state = `${this.present.size} present, ${this.passedAt.size} passed`;
        throw new Error(`${this.#path}: not there after ${timeoutMs / 1000} s (${state}); ${this.#example()}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** One object that has not passed, for error messages. */
  #example(): string {
    const waiting = [...this.present.values()].find(({ metadata }) => !this.passedAt.has(metadata.name));
    return waiting === undefined ? '' : `${waiting.metadata.name} says ${JSON.stringify(waiting.status)}`;
  }

  stop(): void {
    this.#stop.abort();
  }
}
