import type { Engine, OpenOptions, Session } from '../engine/engine.ts';
import { EngineError } from '../engine/engine.ts';
import { ApiError } from '../errors.ts';
import type { GoldenExample } from '../protocol/golden.ts';
import { prepareExample } from '../protocol/golden.ts';
import { generateInputs } from '../protocol/generated-input.ts';
import type { Tensor, TensorSpec } from '../protocol/tensor.ts';
import { messageOf } from '../error-shape.ts';
import type { BatchingVerdict } from './batching-proof.ts';
import { hasOpenBatch, proveBatching } from './batching-proof.ts';
import { Call } from './call.ts';
import { ModelMeter } from './model-meter.ts';
import type { RunnerLimits } from './model-runner.ts';
import { ModelRunner } from './model-runner.ts';
import type { Readiness } from './readiness.ts';
import { createReadiness } from './readiness.ts';
import { tellable } from './tellable.ts';

/** Golden requests go first: a queue full of work must not make a model look broken. */
const GOLDEN_PRIORITY = -1;
const AUTOMATIC_ROWS = 64;

/** A version of a model on disk. */
export interface ModelVersion {
  name: string;
  version: string;
  /** The ONNX file. */
  modelPath: string;
  /** Where its other files are. */
  directory: string;
  task?: string | undefined;
  revision?: string | undefined;
  labels: readonly string[];
  /** Read when the model is loaded, so that it is read again with a new file. */
  readGolden: () => Promise<GoldenExample[]>;
}

/** How models are run. */
export interface HostingOptions {
  engine: Engine;
  open: OpenOptions;
  limits: RunnerLimits;
  /** Most rows in one run; undefined lets the server find out whether rows may share a run. */
  maxBatchRows?: number | undefined;
  /** Whether a model has to answer its golden request rightly before it counts as loaded. */
  isProvenAtLoad?: boolean | undefined;
  onEvent: (event: { model: string; version: string; what: string; detail?: string; error?: unknown }) => void;
}

export type HostState = 'unloaded' | 'loading' | 'ready' | 'unloading' | 'failed';

/** The change of state that was asked for last. */
interface Change {
  kind: 'load' | 'unload';
  done: Promise<void>;
}

/** One version of a model: loaded or not, with everything that belongs to it. */
export class HostedModel {
  readonly at: ModelVersion;
  readonly meter = new ModelMeter();
  state: HostState = 'unloaded';
  /** Why it could not be loaded. */
  failure: unknown;
  /** What people should know of it although it serves, for the index. */
  note = '';
  usedAt = 0;
  batching: BatchingVerdict = { isRight: false, isFaster: false, reason: 'not loaded' };
  loadSeconds = 0;
  readonly #options: HostingOptions;
  #cpuBefore = 0;
  #runner: ModelRunner | undefined;
  #readiness: Readiness | undefined;
  #changing: Change | undefined;
  #specs: { inputs: readonly TensorSpec[]; outputs: readonly TensorSpec[] } = { inputs: [], outputs: [] };

  constructor(at: ModelVersion, options: HostingOptions) {
    this.at = at;
    this.#options = options;
  }

  /** Input tensors; empty before the first load. */
  get inputs(): readonly TensorSpec[] {
    return this.#specs.inputs;
  }

  /** Output tensors; empty before the first load. */
  get outputs(): readonly TensorSpec[] {
    return this.#specs.outputs;
  }

  /** Most rows that a run may have now; 1 where requests run alone. */
  get maxRows(): number {
    return this.#runner?.maxRows ?? 1;
  }

  /** True while requests wait or run. */
  get isBusy(): boolean {
    return this.#runner?.isBusy ?? false;
  }

  /** Resident memory in bytes of the processes that hold it. */
  residentBytes(): number {
    return this.#runner?.residentBytes() ?? 0;
  }

  /** CPU time in seconds of the processes that hold and held it. */
  cpuSeconds(): number {
    return this.#cpuBefore + (this.#runner?.cpuSeconds() ?? 0);
  }

  /** Memory in bytes of the processes that hold it, with what processes share counted once. */
  async memoryBytes(): Promise<number> {
    return (await this.#runner?.memoryBytes()) ?? 0;
  }

  /** Loads it, unless it is loaded; calls at the same time share one load. */
  load(): Promise<void> {
    return this.#change('load', () => this.#load());
  }

  /** Unloads it. Requests that run are given up, with an error that says to ask again. */
  unload(): Promise<void> {
    return this.#change('unload', () => this.#unload());
  }

  /** Resolves when the golden request has just been answered rightly. */
  async checkReady(): Promise<void> {
    if (this.#readiness === undefined) throw new ApiError('NotReady', this.#whyNot());
    await this.#readiness.check();
  }

  /** Runs it for inputs that have been checked. */
  run(inputs: readonly Tensor[], outputNames: readonly string[], call: Call): Promise<readonly Tensor[]> {
    if (this.#runner === undefined || this.state !== 'ready') throw new ApiError('NotReady', this.#whyNot());
    this.usedAt = Date.now();
    return this.#runner.run(inputs, outputNames, call);
  }

  /** One change at a time; the same one, asked for again while it waits or runs, is shared. */
  #change(kind: Change['kind'], start: () => Promise<void>): Promise<void> {
    const before = this.#changing;
    if (before?.kind === kind) return before.done;
    const done = (before?.done ?? Promise.resolve()).catch(() => {}).then(start);
    const change = { kind, done };
    this.#changing = change;
    const forget = () => {
      if (this.#changing === change) this.#changing = undefined;
    };
    done.then(forget, forget);
    return done;
  }

  async #load(): Promise<void> {
    if (this.state === 'ready') return;
    this.state = 'loading';
    const startedAt = performance.now();
    const runner = this.#createRunner();
    try {
      const examples = await this.at.readGolden();
      await runner.start();
      const session = runner.session;
      if (session === undefined) throw new EngineError('crashed', 'The model crashed right after it was loaded.');
      this.#specs = { inputs: session.inputs, outputs: session.outputs };
      this.#readiness = createReadiness(this.#asSession(runner, session), examples);
      this.#runner = runner;
      await this.#chooseBatching(runner, session, examples);
      if (this.#options.isProvenAtLoad === true) await this.#readiness.check();
      this.state = 'ready';
      this.failure = undefined;
      this.meter.loads += 1;
      this.usedAt = Date.now();
      this.loadSeconds = Math.round(performance.now() - startedAt) / 1000;
    } catch (error) {
      this.state = 'failed';
      this.failure = error;
      this.#runner = undefined;
      this.#readiness = undefined;
      await runner.close();
      throw error;
    }
  }

  async #unload(): Promise<void> {
    if (this.state === 'unloaded') return;
    const runner = this.#runner;
    this.#cpuBefore += runner?.cpuSeconds() ?? 0;
    this.state = 'unloading';
    this.#runner = undefined;
    this.#readiness = undefined;
    await runner?.close();
    this.state = 'unloaded';
  }

  #createRunner(): ModelRunner {
    const { engine, open, limits, onEvent } = this.#options;
    const { name: model, version } = this.at;
    return new ModelRunner({
      open: () => engine.open(this.at.modelPath, open),
      limits,
      meter: this.meter,
      onLost: (error) => onEvent({ model, version, what: 'model restarts', detail: messageOf(error), error }),
    });
  }

  /** The golden check sees a session whose runs go through the queue, before all others. */
  #asSession(runner: ModelRunner, { inputs, outputs }: Session): Pick<Session, 'inputs' | 'outputs' | 'run'> {
    return {
      inputs,
      outputs,
      run: async (given, names) => [...(await runner.run(given, names, new Call('golden', Infinity, GOLDEN_PRIORITY)))],
    };
  }

  async #chooseBatching(runner: ModelRunner, session: Session, examples: readonly GoldenExample[]): Promise<void> {
    const { maxBatchRows } = this.#options;
    if (maxBatchRows === 1) this.batching = { isRight: false, isFaster: false, reason: 'switched off' };
    else this.batching = await tryBatching(session, examples);
    const { isRight, isFaster } = this.batching;
    if (maxBatchRows === undefined) runner.allowRows(isRight && isFaster ? AUTOMATIC_ROWS : 1);
    // Asked for: then it is done wherever the graph can do it and was not shown to be wrong.
    else runner.allowRows(hasOpenBatch(session.inputs, session.outputs) ? maxBatchRows : 1);
  }

  #whyNot(): string {
    if (this.state === 'failed') return `The model could not be loaded: ${tellable(this.failure)}`;
    return this.state === 'loading' ? 'The model is still being loaded.' : 'The model is not loaded.';
  }
}

async function tryBatching(session: Session, examples: readonly GoldenExample[]): Promise<BatchingVerdict> {
  try {
    const [example] = examples;
    const sample = example === undefined ? generateInputs(session.inputs) : prepareExample(example, session).inputs;
    return await proveBatching(session, sample);
  } catch (error) {
    // What is wrong with the golden request is told by the readiness check.
    return { isRight: false, isFaster: false, reason: `the trial failed: ${tellable(error)}` };
  }
}
