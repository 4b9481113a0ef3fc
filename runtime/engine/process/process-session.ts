import type { ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { Tensor, TensorSpec } from '../../protocol/tensor.ts';
import type { BatchAnswer, EngineErrorKind, Session } from '../engine.ts';
import { EngineError } from '../engine.ts';
import { rowsOf, splitRows } from '../rows.ts';
import type { FailureNote, OpenJob } from './child-loop.ts';
import type { Frame } from './frame.ts';
import { FrameAssembler } from './frame-assembler.ts';
import { FrameKind, jsonFrame, readFrame, runFrame, typedTensor } from './frame.ts';
import { cpuSeconds, residentBytes } from './process-usage.ts';
import { proportionalBytes } from './proportional-bytes.ts';

/** Frames up to this size are written in one piece, larger ones without copying. */
const SMALL_BYTES = 64 * 1024;
const MAX_COMPLAINT = 16 * 1024;

/** A process with pipes to talk through. */
export type EngineChild = ChildProcess & { stdin: Writable; stdout: Readable; stderr: Readable };

/** How long the process may take, in milliseconds. */
export interface Patience {
  loadMs: number;
  runMs: number;
}

interface Pending {
  resolve: (frame: Frame) => void;
  reject: (error: EngineError) => void;
}

/** A model in a process of its own. Whatever happens to that process, this one goes on. */
export class ProcessSession implements Session {
  inputs: readonly TensorSpec[] = [];
  outputs: readonly TensorSpec[] = [];
  readonly lost: Promise<EngineError>;
  readonly #child: EngineChild;
  readonly #patience: Patience;
  #pending: Pending | undefined;
  readonly #frames = new FrameAssembler();
  #ending: EngineError | undefined;
  #complaint = '';
  #timer: NodeJS.Timeout | undefined;
  #timerMs = 0;

  constructor(child: EngineChild, patience: Patience) {
    this.#child = child;
    this.#patience = patience;
    this.lost = new Promise((resolve) => {
      child.once('error', (cause) =>
        resolve(this.#end(new EngineError('crashed', 'The process of the model cannot be started.', { cause }))),
      );
      child.once('close', (code, signal) => resolve(this.#end(describeEnding(code, signal, this.#complaint))));
    });
    child.stdout.on('data', (chunk: Buffer) => this.#receive(chunk));
    child.stderr.on('data', (chunk: Buffer) => {
      this.#complaint = (this.#complaint + chunk.toString('utf8')).slice(-MAX_COMPLAINT);
    });
    // A broken pipe means that the process has ended, which `close` tells with the reason.
    child.stdin.on('error', () => {});
  }

  /** Process id of the process that holds the model. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Loads the model. */
  async open(job: OpenJob): Promise<void> {
    const frame = await this.#ask(jsonFrame(FrameKind.open, job), this.#patience.loadMs);
    if (frame.kind !== 'json') throw new EngineError('failed', 'The process of the model gave a strange answer.');
    const { inputs, outputs } = frame.value as { inputs: TensorSpec[]; outputs: TensorSpec[] };
    this.inputs = inputs;
    this.outputs = outputs;
  }

  async run(inputs: readonly Tensor[], outputNames: readonly string[]): Promise<Tensor[]> {
    const { answers } = await this.runBatch([inputs], outputNames);
    return [...(answers[0] ?? [])];
  }

  async runBatch(requests: readonly (readonly Tensor[])[], outputNames: readonly string[]): Promise<BatchAnswer> {
    const wanted = outputNames.map((name) => this.outputs.findIndex((output) => output.name === name));
    const frame = await this.#ask(runFrame(requests, wanted), this.#patience.runMs);
    if (frame.kind !== 'tensors') throw new EngineError('failed', 'The process of the model gave a strange answer.');
    const tensors = frame.tensors.map((tensor, index) => {
      const spec = this.outputs[wanted[index] ?? -1];
      if (spec === undefined) throw new EngineError('failed', 'The process of the model gave a strange answer.');
      return typedTensor(spec, tensor);
    });
    return { answers: splitRows(tensors, requests.map(rowsOf)), computeMs: frame.extra / 1000 };
  }

  /** Ends the process at once: nothing in the engine can be stopped otherwise. */
  async close(): Promise<void> {
    this.#kill(new EngineError('closed', 'The model was unloaded.'));
    await this.lost;
  }

  residentBytes(): number {
    return residentBytes(this.pid);
  }

  memoryBytes(): Promise<number> {
    return proportionalBytes(this.pid);
  }

  cpuSeconds(): number {
    return cpuSeconds(this.pid);
  }

  #kill(reason: EngineError): void {
    this.#ending ??= reason;
    this.#child.kill('SIGKILL');
  }

  #ask(chunks: readonly Uint8Array[], limitMs: number): Promise<Frame> {
    if (this.#ending !== undefined) return Promise.reject(this.#ending);
    if (this.#pending !== undefined)
      return Promise.reject(new Error('the process of a model does one thing at a time'));
    return new Promise((resolve, reject) => {
      this.#pending = { resolve, reject };
      this.#startTimer(limitMs);
      write(this.#child.stdin, chunks);
    });
  }

  /** One timer for all runs: making and clearing one for each costs more than the run of a small model. */
  #startTimer(limitMs: number): void {
    if (this.#timer !== undefined && this.#timerMs === limitMs) {
      this.#timer.refresh();
      return;
    }
    clearTimeout(this.#timer);
    this.#timerMs = limitMs;
    this.#timer = setTimeout(() => this.#onTimeout(), limitMs).unref();
  }

  #onTimeout(): void {
    this.#timer = undefined;
    if (this.#pending === undefined) return;
    const { loadMs, runMs } = this.#patience;
    const what =
      this.inputs.length + this.outputs.length === 0
        ? `was not loaded within ${loadMs / 1000} s`
        : `took longer than ${runMs / 1000} s for one run`;
    this.#kill(new EngineError('hung', `The model ${what} and was stopped.`));
  }

  /** A process that a model has taken over or broken may write anything: that must not reach beyond it. */
  #receive(chunk: Buffer): void {
    if (this.#ending !== undefined) return;
    try {
      const frame = this.#frames.add(chunk);
      if (frame !== undefined) this.#answer(readFrame(frame));
    } catch (cause) {
      this.#kill(
        new EngineError('crashed', 'The process of the model gave a strange answer and was stopped.', { cause }),
      );
    }
  }

  #answer(frame: Frame): void {
    const pending = this.#pending;
    this.#pending = undefined;
    if (frame.kind !== 'json' || frame.code !== FrameKind.failed) return pending?.resolve(frame);
    const { kind, message } = frame.value as FailureNote;
    pending?.reject(new EngineError(kind, message));
  }

  #end(reason: EngineError): EngineError {
    clearTimeout(this.#timer);
    this.#ending ??= reason;
    this.#pending?.reject(this.#ending);
    this.#pending = undefined;
    return this.#ending;
  }
}

function write(stream: Writable, chunks: readonly Uint8Array[]): void {
  const total = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  if (total <= SMALL_BYTES) {
    stream.write(Buffer.concat(chunks, total));
    return;
  }
  stream.cork();
  for (const chunk of chunks) stream.write(chunk);
  stream.uncork();
}

const OUT_OF_MEMORY = /out of memory|bad_alloc|bad allocation|Failed to allocate memory/i;

/** What the end of a process means that was not asked to end. */
function describeEnding(code: number | null, signal: NodeJS.Signals | null, complaint: string): EngineError {
  const kind: EngineErrorKind = signal === 'SIGKILL' || OUT_OF_MEMORY.test(complaint) ? 'killed' : 'crashed';
  const how = signal === null ? `with exit code ${code ?? 'unknown'}` : `by signal ${signal}`;
  const what = kind === 'killed' ? 'ran out of memory and was stopped' : `crashed the engine, which was ended ${how}`;
  return new EngineError(kind, `The model ${what}.`, { cause: complaint });
}
