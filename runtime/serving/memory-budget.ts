import type { HostedModel } from './hosted-model.ts';

/** A measurement older than this is taken again. */
const FRESH_MS = 2000;

interface Measurement {
  bytes: number;
  at: number;
}

/** Knows what the loaded models take, by asking the kernel, and keeps room for those that are being loaded. */
export class MemoryBudget {
  readonly limitBytes: number;
  readonly #overhead: () => Promise<number>;
  readonly #measured = new Map<HostedModel, Measurement>();
  readonly #remembered = new Map<string, number>();
  readonly #fileBytes = new Map<string, number>();
  readonly #reserved = new Map<HostedModel, number>();

  /** `overhead` measures what the engine takes beside the models. */
  constructor(limitBytes: number, overhead: () => Promise<number> = async () => 0) {
    this.limitBytes = limitBytes;
    this.#overhead = overhead;
  }

  /** What a model takes now, in bytes. */
  async measure(model: HostedModel): Promise<number> {
    const bytes = await model.memoryBytes();
    if (model.state !== 'ready') return 0;
    this.#measured.set(model, { bytes, at: performance.now() });
    this.#remembered.set(model.at.modelPath, bytes);
    return bytes;
  }

  /** All that is taken or promised now, in bytes. */
  async total(models: readonly HostedModel[]): Promise<number> {
    const loaded = new Set(models.filter(({ state }) => state === 'ready'));
    for (const model of this.#measured.keys()) if (!loaded.has(model)) this.#measured.delete(model);
    const now = performance.now();
    const stale = [...loaded].filter((model) => now - (this.#measured.get(model)?.at ?? -Infinity) > FRESH_MS);
    const [overhead] = await Promise.all([this.#overhead(), ...stale.map((model) => this.measure(model))]);
    const taken = [...this.#measured.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    return taken + overhead + [...this.#reserved.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  /** What a model may take: what it took when it was loaded before, or its file and the least that others take beside theirs. */
  estimate({ at }: HostedModel, fileBytes: number): number {
    this.#fileBytes.set(at.modelPath, fileBytes);
    const beside = [...this.#measured].map(
      ([model, { bytes }]) => bytes - (this.#fileBytes.get(model.at.modelPath) ?? 0),
    );
    const least = Math.min(...beside);
    return this.#remembered.get(at.modelPath) ?? fileBytes + (Number.isFinite(least) ? Math.max(0, least) : 0);
  }

  /** True while room is kept for a model that is being loaded. */
  get isPromised(): boolean {
    return this.#reserved.size > 0;
  }

  /** Keeps room for a model while it is loaded. */
  async reserving<T>(model: HostedModel, bytes: number, load: () => Promise<T>): Promise<T> {
    this.#reserved.set(model, bytes);
    try {
      return await load();
    } finally {
      this.#reserved.delete(model);
    }
  }
}

/** An amount of memory for people. */
export const showMebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`;
