import type { Tensor, TensorSpec } from '../protocol/tensor.ts';

/** A loaded model. It may live in this process or in another: every call is asynchronous. */
export interface Session {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** Runs the model once. Inputs have been checked; `outputNames` says what is wanted. */
  run(inputs: readonly Tensor[], outputNames: readonly string[]): Promise<Tensor[]>;
  close(): Promise<void>;
}

/** Something that can load models. */
export interface Engine {
  open(modelPath: string): Promise<Session>;
}

/** Why the engine could not load or run a model; the message is fit for people, without paths of the inside. */
export class EngineError extends Error {
  readonly kind: 'unsupportedOperator' | 'unsupportedType' | 'invalidInput' | 'outOfMemory' | 'failed';

  constructor(kind: EngineError['kind'], message: string, options?: { cause: unknown }) {
    super(message, options);
    this.name = 'EngineError';
    this.kind = kind;
  }
}
