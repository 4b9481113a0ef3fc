import { Worker } from 'node:worker_threads';
import type { Transferable } from 'node:worker_threads';
import { ENTRY } from '../../entry.ts';
import { ApiError } from '../../errors.ts';
import type { CodecFailure, CodecJob, CodecReply, CodecResults } from './messages.ts';

/** A job that takes longer is given up: nothing within the limits on bodies takes a tenth of it. */
const PATIENCE_MS = 120_000;

/** What a job gives, of whatever kind. */
export type CodecResult = CodecResults[keyof CodecResults];

interface Pending {
  resolve: (result: CodecResult) => void;
  reject: (error: Error) => void;
  timer: NodeJS.Timeout;
}

const gaveUp = () =>
  new ApiError('BodyTooLarge', 'The body or its answer takes too long to read or write; send it in smaller requests.');

/** One thread that reads and writes large bodies, one at a time. Unlike a model's, it can be ended at any moment. */
export class CodecThread {
  readonly #worker: Worker;
  #pending: Pending | undefined;
  #hasEnded = false;

  constructor() {
    this.#worker = new Worker(ENTRY, { argv: ['codec-worker'], execArgv: [] });
    this.#worker.on('message', (reply: CodecReply) => this.#settle(reply));
    this.#worker.on('error', (error: Error) => this.#end(error));
    this.#worker.on('exit', () => this.#end(new Error('the thread for large bodies has ended')));
    // A thread without work does not keep the program from ending.
    this.#worker.unref();
  }

  /** True while it can take a job. */
  get isFree(): boolean {
    return !this.#hasEnded && this.#pending === undefined;
  }

  /** True once it is of no use any more. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Does a job; the memory of what is in `transfer` goes with it. */
  run(job: CodecJob, transfer: Transferable[]): Promise<CodecResult> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#giveUp(), PATIENCE_MS).unref();
      this.#pending = { resolve, reject, timer };
      this.#worker.ref();
      this.#worker.postMessage(job, transfer);
    });
  }

  /** Ends the thread; its memory is free then. */
  async close(): Promise<void> {
    this.#hasEnded = true;
    await this.#worker.terminate();
  }

  #settle(reply: CodecReply): void {
    const pending = this.#take();
    if (reply.isDone) pending?.resolve(reply.result);
    else pending?.reject(toError(reply.failure));
  }

  #giveUp(): void {
    this.#take()?.reject(gaveUp());
    void this.close();
  }

  #end(error: Error): void {
    this.#hasEnded = true;
    this.#take()?.reject(error);
  }

  #take(): Pending | undefined {
    const pending = this.#pending;
    clearTimeout(pending?.timer);
    this.#pending = undefined;
    this.#worker.unref();
    return pending;
  }
}

/** The error as it was on the other side. */
const toError = ({ code, message }: CodecFailure): Error =>
  code === undefined ? new Error(message) : new ApiError(code, message);
