import type { Tensor, TensorSpec } from '../protocol/tensor.ts';

/** Whose request and response shapes are spoken: Hugging Face's, those of its text server, or OpenAI's. */
export type Style = 'huggingface' | 'embed' | 'rerank' | 'openai';

/** What of a model matters for getting its inputs ready. */
export interface ModelView {
  name: string;
  /** Holds config.json, tokenizer.json, preprocessor_config.json and the like. */
  directory: string;
  inputs: readonly TensorSpec[];
  outputs: readonly TensorSpec[];
}

/** Which task is asked of which model, and in which shapes. */
export interface TaskRequest {
  task: string;
  style: Style;
  model: ModelView;
}

/** The body of a request as it came. */
export interface TaskBody {
  bytes: Uint8Array;
  contentType: string | undefined;
}

/** What the model has to run, and what is to be remembered until it has. */
export interface Prepared {
  /** The inputs of each run. */
  runs: Tensor[][];
  /** The outputs that are wanted of each. */
  outputs: string[];
  /** True when outputs are made smaller run by run, before all are put together. */
  isReduced: boolean;
  /** Only who prepared it can read it. */
  context: unknown;
}

/** The outputs of one run. */
export interface RunOutputs {
  index: number;
  outputs: readonly Tensor[];
}

/** Between a client's request and the model's tensors, and back. It keeps nothing from one call to the next. */
export interface TaskWork {
  /** The model that a body names in its field "model". */
  modelOf(body: TaskBody): Promise<string | undefined>;
  prepare(request: TaskRequest, body: TaskBody): Promise<Prepared>;
  /** Makes the outputs of one run smaller. */
  reduce(request: TaskRequest, context: unknown, run: RunOutputs): Promise<Tensor[]>;
  /** The response as JSON text, from what all runs gave. */
  finish(request: TaskRequest, context: unknown, runs: readonly (readonly Tensor[])[]): Promise<Uint8Array>;
}
