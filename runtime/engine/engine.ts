import type { Tensor, TensorSpec } from '../protocol/tensor.ts';

/** What one run of the engine gave: the answer to each request, and how long the engine itself took. */
export interface BatchAnswer {
  answers: readonly (readonly Tensor[])[];
  /** Milliseconds inside the engine. */
  computeMs: number;
}

/** A loaded model. It may live in this process or in another: every call is asynchronous. One call at a time. */
export interface Session {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** Runs the model once for one request. Inputs have been checked; `outputNames` says what is wanted. */
  run(inputs: readonly Tensor[], outputNames: readonly string[]): Promise<Tensor[]>;
  /**
   * Runs the model once for several requests: their rows (first dimension) are put together, and the answer is taken
   * apart again. All have the same tensors in the same order, with the same sizes beyond the first dimension.
   */
  runBatch(requests: readonly (readonly Tensor[])[], outputNames: readonly string[]): Promise<BatchAnswer>;
  /** Gives everything back. What is running comes to its end first, unless the model lives in a process of its own. */
  close(): Promise<void>;
  /** Resolves when the session has ended without being asked to, with the reason; never for one that lives in this process. */
  readonly lost?: Promise<EngineError>;
  /** Resident memory in bytes, where the model has a process of its own. */
  residentBytes?(): number;
  /** As residentBytes, with what is shared with other processes divided among them; takes some milliseconds of another thread. */
  memoryBytes?(): Promise<number>;
  /** CPU time in seconds, where the model has a process of its own. */
  cpuSeconds?(): number;
}

/** How a model is loaded. */
export interface OpenOptions {
  /** Threads that one run may use. */
  threads?: number | undefined;
  /** Where it may run, in the order of preference: names of onnxruntime's execution providers. Never silently another. */
  providers?: readonly string[] | undefined;
}

/** Something that can load models. */
export interface Engine {
  open(modelPath: string, options?: OpenOptions): Promise<Session>;
  /** Memory in bytes of what the engine keeps beside its sessions. */
  memoryBytes?(): Promise<number>;
  /** Gives up what the engine keeps beside its sessions, and loads that are under way: for the end. */
  close?(): void;
}

/** What went wrong in the engine. `crashed`: its process died. `killed`: for want of memory. `hung`: it was killed for taking too long. `closed`: it was unloaded. */
export type EngineErrorKind =
  | 'unsupportedOperator'
  | 'unsupportedType'
  | 'invalidInput'
  | 'outOfMemory'
  | 'notBatchable'
  | 'crashed'
  | 'killed'
  | 'hung'
  | 'closed'
  | 'failed';

/** Why the engine could not load or run a model; the message is fit for people, without paths of the inside. */
export class EngineError extends Error {
  readonly kind: EngineErrorKind;

  constructor(kind: EngineErrorKind, message: string, options?: { cause: unknown }) {
    super(message, options);
    this.name = 'EngineError';
    this.kind = kind;
  }
}
