import { ApiError, ApiErrorCode } from '../../errors.ts';
import type { Tensor } from '../../protocol/tensor.ts';
import type { Prepared, RunOutputs, TaskBody, TaskRequest, TaskWork } from '../work.ts';
import type { Message } from './frame.ts';
import { FrameReader, packRuns, unpackRuns, writeFrame } from './frame.ts';
import type { TaskChild } from './start-process.ts';
import { startTaskProcess } from './start-process.ts';

const MAX_COMPLAINT = 4096;

/** How the process is used. */
export interface TaskProcessOptions {
  /** Requests that may wait for it. */
  maxWaiting?: number;
  /** Bytes of requests that may wait for it. */
  maxWaitingBytes?: number;
  /** Steps that it has at once. */
  concurrency?: number;
  /** Milliseconds after which a step, and the process with it, is given up. */
  stepMs?: number;
  /** Told when the process ended without being asked to. */
  onLost?: (report: { code: number | null; signal: NodeJS.Signals | null; complaint: string }) => void;
}

interface Step {
  message: Message;
  bytes: number;
  isFirst: boolean;
  resolve: (message: Message) => void;
  reject: (error: Error) => void;
  timer?: NodeJS.Timeout;
}

type Heads = Parameters<typeof unpackRuns>[0];

/**
 * The work of task endpoints, done in a process of its own: decoding images is native code that strangers feed, and cutting
 * texts into tokens keeps a core busy. The process is started when it is first needed, and again when it has died. It keeps
 * nothing between two steps, so its death costs only what it was doing.
 */
export class TaskProcess implements TaskWork {
  readonly #options: Required<TaskProcessOptions>;
  readonly #waiting: Step[] = [];
  readonly #running = new Map<number, Step>();
  #waitingBytes = 0;
  #nextId = 1;
  #child: TaskChild | undefined;
  #isClosed = false;

  constructor(options: TaskProcessOptions = {}) {
    this.#options = {
      maxWaiting: 256,
      maxWaitingBytes: 256 * 1024 ** 2,
      concurrency: 2,
      stepMs: 30_000,
      onLost: () => {},
      ...options,
    };
  }

  /** Process id; undefined while there is no process. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async modelOf({ bytes, contentType }: TaskBody): Promise<string | undefined> {
    const { value } = await this.#ask({ value: { step: 'modelOf', contentType }, parts: [bytes] }, true);
    return value['model'] as string | undefined;
  }

  async prepare(request: TaskRequest, { bytes, contentType }: TaskBody): Promise<Prepared> {
    const { value, parts } = await this.#ask(
      { value: { step: 'prepare', request, contentType }, parts: [bytes] },
      true,
    );
    const { heads, outputs, isReduced } = value as unknown as Prepared & { heads: Heads };
    const [context, ...tensors] = parts;
    return { runs: unpackRuns(heads, tensors), outputs, isReduced, context };
  }

  async reduce(request: TaskRequest, context: unknown, { index, outputs }: RunOutputs): Promise<Tensor[]> {
    const { heads, parts } = packRuns([outputs]);
    const reply = await this.#ask(
      { value: { step: 'reduce', request, index, heads }, parts: [context as Uint8Array, ...parts] },
      false,
    );
    return unpackRuns(reply.value['heads'] as Heads, reply.parts)[0] ?? [];
  }

  async finish(request: TaskRequest, context: unknown, runs: readonly (readonly Tensor[])[]): Promise<Uint8Array> {
    const { heads, parts } = packRuns(runs);
    const reply = await this.#ask(
      { value: { step: 'finish', request, heads }, parts: [context as Uint8Array, ...parts] },
      false,
    );
    return reply.parts[0] ?? new Uint8Array();
  }

  /** Ends the process; nothing is taken any more. */
  close(): void {
    this.#isClosed = true;
    this.#child?.kill('SIGKILL');
    for (const step of this.#waiting.splice(0)) step.reject(new ApiError('NotReady', 'The server is shutting down.'));
  }

  #ask(message: Message, isFirst: boolean): Promise<Message> {
    const bytes = message.parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
    if (this.#isClosed) throw new ApiError('NotReady', 'The server is shutting down.');
    if (isFirst) this.#checkRoom(bytes);
    return new Promise((resolve, reject) => {
      this.#waitingBytes += bytes;
      const step = { message, bytes, isFirst, resolve, reject };
      // What the model has answered already goes before what it has not seen yet.
      const firstNew = isFirst ? -1 : this.#waiting.findIndex((waiting) => waiting.isFirst);
      if (firstNew === -1) this.#waiting.push(step);
      else this.#waiting.splice(firstNew, 0, step);
      this.#sendNext();
    });
  }

  #checkRoom(bytes: number): void {
    const { maxWaiting, maxWaitingBytes } = this.#options;
    const isFull =
      this.#waiting.length >= maxWaiting || (this.#waiting.length > 0 && this.#waitingBytes + bytes > maxWaitingBytes);
    if (isFull)
      throw new ApiError(
        'QueueFull',
        `${this.#waiting.length} requests wait for their inputs to be prepared, and more are not taken. Try again later.`,
      );
  }

  #sendNext(): void {
    while (this.#running.size < this.#options.concurrency) {
      const step = this.#waiting.shift();
      if (step === undefined) return;
      this.#waitingBytes -= step.bytes;
      this.#send(step);
    }
  }

  #send(step: Step): void {
    const child = (this.#child ??= this.#start());
    const id = this.#nextId++;
    try {
      const chunks = writeFrame({ ...step.message, value: { ...step.message.value, id } });
      this.#running.set(id, step);
      step.timer = setTimeout(() => this.#giveUp(child, id), this.#options.stepMs);
      child.stdin.cork();
      for (const chunk of chunks) child.stdin.write(chunk);
      child.stdin.uncork();
    } catch (error) {
      step.reject(error as Error);
    }
  }

  #start(): TaskChild {
    const child = startTaskProcess();
    const reader = new FrameReader();
    let complaint = '';
    child.stdout.on('data', (chunk: Buffer) => this.#receive(child, () => reader.push(chunk)));
    child.stderr.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk.toString('utf8')).slice(-MAX_COMPLAINT);
    });
    // A broken pipe means that the process has ended, which `close` tells.
    child.stdin.on('error', () => {});
    const lose = (code: number | null, signal: NodeJS.Signals | null) => this.#lose(child, { code, signal, complaint });
    child.once('error', () => lose(null, null));
    child.once('close', lose);
    return child;
  }

  #receive(child: TaskChild, read: () => Message[]): void {
    try {
      for (const message of read()) this.#settle(message);
    } catch {
      // What it says makes no sense any more: start anew.
      child.kill('SIGKILL');
    }
  }

  #settle({ value, parts }: Message): void {
    const id = Number(value['id']);
    const step = this.#running.get(id);
    if (step === undefined) return;
    clearTimeout(step.timer);
    this.#running.delete(id);
    const error = value['error'] as { code: string; message: string } | undefined;
    if (error === undefined) step.resolve({ value, parts });
    else step.reject(readError(error));
    this.#sendNext();
  }

  #giveUp(child: TaskChild, id: number): void {
    const step = this.#running.get(id);
    this.#running.delete(id);
    step?.reject(
      new ApiError(
        'DeadlineExceeded',
        `Preparing this request took longer than ${this.#options.stepMs / 1000} s and was given up. Send less in one request.`,
      ),
    );
    child.kill('SIGKILL');
  }

  #lose(child: TaskChild, report: Parameters<Required<TaskProcessOptions>['onLost']>[0]): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    if (!this.#isClosed) this.#options.onLost(report);
    for (const [id, step] of this.#running) {
      clearTimeout(step.timer);
      this.#running.delete(id);
      step.reject(
        new ApiError(
          'ModelRestarting',
          'The process that was preparing this request ended, and is started anew. Send it again.',
        ),
      );
    }
    this.#sendNext();
  }
}

function readError({ code, message }: { code: string; message: string }): ApiError {
  const known = Object.hasOwn(ApiErrorCode, code) ? (code as ApiErrorCode) : 'Internal';
  return new ApiError(known, String(message));
}
