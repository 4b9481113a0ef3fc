import { stat } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { ENTRY } from '../entry.ts';
import { ModelFailure } from '../model-failure.ts';
import type { CheckAnswer } from './check-worker.ts';

/** A thread that nobody asked for so long is ended; its memory comes back. */
const IDLE_MS = 30_000;
const MAX_KNOWN = 10_000;

interface Pending {
  resolve: (locations: readonly string[]) => void;
  reject: (error: Error) => void;
}

/** Reads models on a thread of its own, so that a large or hostile graph keeps nobody waiting. Files that stay the same are read once. */
export class ModelChecker {
  readonly #known = new Map<string, { mark: string; locations: readonly string[] }>();
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #timer: NodeJS.Timeout | undefined;
  #asked = 0;

  /** Files that the model keeps weights in, as it names them. Fails for what is no ONNX model. */
  async externalLocations(modelPath: string): Promise<readonly string[]> {
    const { size, mtimeNs, ctimeNs, ino } = await stat(modelPath, { bigint: true });
    const mark = [size, mtimeNs, ctimeNs, ino].join(':');
    const known = this.#known.get(modelPath);
    if (known?.mark === mark) return known.locations;
    const locations = await this.#ask(modelPath);
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(modelPath, { mark, locations });
    return locations;
  }

  /** Ends the thread. */
  close(): void {
    clearTimeout(this.#timer);
    void this.#worker?.terminate();
    this.#worker = undefined;
  }

  #ask(modelPath: string): Promise<readonly string[]> {
    clearTimeout(this.#timer);
    this.#worker ??= this.#start();
    const { worker, id } = { worker: this.#worker, id: (this.#asked += 1) };
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      worker.ref();
      worker.postMessage({ id, modelPath });
    });
  }

  #start(): Worker {
    const worker = new Worker(ENTRY, { argv: ['check-worker'], stdout: true, stderr: true });
    worker.on('message', (answer: CheckAnswer) => this.#answer(worker, answer));
    worker.on('error', (cause) => this.#fail(worker, cause));
    worker.on('exit', () => this.#fail(worker, undefined));
    return worker;
  }

  #answer(worker: Worker, { id, locations, failure }: CheckAnswer): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (failure === undefined) pending?.resolve(locations);
    else pending?.reject(new ModelFailure(failure.reason, failure.message));
    if (this.#pending.size > 0) return;
    worker.unref();
    this.#timer = setTimeout(() => this.close(), IDLE_MS).unref();
  }

  #fail(worker: Worker, cause: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    for (const { reject } of this.#pending.values())
      reject(new ModelFailure('LoadFailed', 'The model file could not be examined.', { cause }));
    this.#pending.clear();
  }
}
