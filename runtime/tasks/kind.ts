import { ApiError } from '../errors.ts';
import { fromFloat16Bits } from '../protocol/float16.ts';
import type { Tensor, TensorSpec } from '../protocol/tensor.ts';
import type { ModelFolder } from './model-folder.ts';
import type { ModelView, Prepared, RunOutputs, Style, TaskBody } from './work.ts';

/** A request together with the files of its model. */
export interface Job {
  task: string;
  style: Style;
  model: ModelView;
  folder: ModelFolder;
}

/** How one task turns requests into tensors and tensors into responses. `Context` is what it remembers between; plain JSON. */
export interface Kind<Context> {
  prepare(job: Job, body: TaskBody): Promise<Omit<Prepared, 'isReduced' | 'context'> & { context: Context }>;
  /** Makes the outputs of one run smaller; what is small already stays as it is. */
  reduce?(job: Job, context: Context, run: RunOutputs): Promise<Tensor[]>;
  /** The response: a value for JSON. */
  finish(job: Job, context: Context, runs: readonly (readonly Tensor[])[]): Promise<unknown>;
}

/** The model lacks what this task needs. */
export const unfit = (task: string, lacks: string): ApiError =>
  new ApiError(
    'ModelFailed',
    `The model does not suit ${task}: ${lacks}. Send tensors to the V2 endpoint, or serve another model.`,
  );

const FLOATS = ['FP16', 'FP32', 'FP64'];

/** True for outputs of floating-point numbers. */
export const isFloats = ({ datatype }: TensorSpec): boolean => FLOATS.includes(datatype);

/** The output that has one of these names, or the first of numbers with such a rank. */
export function pickOutput(job: Job, names: readonly string[], ranks: readonly number[]): TensorSpec {
  const fitting = job.model.outputs.filter((spec) => isFloats(spec) && ranks.includes(spec.shape.length));
  const named = names.map((name) => fitting.find((spec) => spec.name === name)).find((spec) => spec !== undefined);
  const found = named ?? fitting[0];
  if (found === undefined) throw unfit(job.task, `it has no output of floats with ${ranks.join(' or ')} dimensions`);
  return found;
}

/** The numbers of an output; never NaN or infinite, which JSON cannot carry. */
export function numbersOf(tensor: Tensor | undefined): Float32Array {
  if (tensor === undefined) throw new ApiError('ModelFailed', 'The model left out an output that it names.');
  const { datatype, data } = tensor;
  const values =
    datatype === 'FP16'
      ? Float32Array.from(data as Uint16Array, fromFloat16Bits)
      : Float32Array.from(data as Float32Array);
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at !== -1)
    throw new ApiError(
      'OutputNotRepresentable',
      `The model gave ${values[at]} in "${tensor.name}" for this input, which JSON cannot carry; send another input.`,
    );
  return datatype === 'FP32' ? (data as Float32Array) : values;
}

/** The output of that name among those of a run. */
export const outputOf = (outputs: readonly Tensor[], name: string): Tensor | undefined =>
  outputs.find((tensor) => tensor.name === name);

/** Takes an output apart along its first dimension. */
export function splitOutput(tensor: Tensor | undefined): Float32Array[] {
  const numbers = numbersOf(tensor);
  const [count = 0] = tensor?.shape ?? [];
  const size = count === 0 ? 0 : numbers.length / count;
  return Array.from({ length: count }, (_, row) => numbers.subarray(row * size, (row + 1) * size));
}
