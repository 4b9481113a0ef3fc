import { decodeTensor } from './decode-tensor.ts';
import type { Tensor, TensorSpec } from './tensor.ts';
import type { InferRequest, JsonTensor } from './v2-request.ts';
import { refuse, show } from './v2-request.ts';

const list = (specs: readonly TensorSpec[]) => specs.map(({ name }) => JSON.stringify(name)).join(', ');

/** Checks a request against what the model takes and gives its tensors, typed. */
export function matchInputs(request: InferRequest, specs: readonly TensorSpec[]): Tensor[] {
  const tensors = request.inputs.map((input) => matchInput(input, specs));
  const missing = specs.filter(({ name }) => !tensors.some((tensor) => tensor.name === name));
  if (missing.length > 0) refuse('inputs', `lacks ${list(missing)}; send every input of the model.`);
  return tensors;
}

function matchInput(input: JsonTensor, specs: readonly TensorSpec[]): Tensor {
  const spec = specs.find(({ name }) => name === input.name);
  if (spec === undefined) refuse(`${input.place}.name`, `is ${show(input.name)}; the model takes ${list(specs)}.`);
  if (spec.datatype !== input.datatype) {
    refuse(
      `${input.place}.datatype`,
      `is ${show(input.datatype)}; the model takes ${spec.datatype} for ${show(spec.name)}.`,
    );
  }
  if (!fitsShape(input.shape, spec.shape)) {
    refuse(
      `${input.place}.shape`,
      `is [${input.shape.join(', ')}]; the model takes [${spec.shape.join(', ')}], where -1 is any size.`,
    );
  }
  return decodeTensor(input);
}

/** True when a shape has the rank of a pattern and the sizes that the pattern fixes. */
const fitsShape = (shape: readonly number[], pattern: readonly number[]): boolean =>
  shape.length === pattern.length && pattern.every((size, index) => size === -1 || size === shape[index]);

/** The names of the outputs to compute: those asked for, or all. */
export function matchOutputs({ outputs }: InferRequest, specs: readonly TensorSpec[], prefix = ''): string[] {
  if (outputs === undefined || outputs.length === 0) return specs.map(({ name }) => name);
  outputs.forEach((name, index) => {
    if (!specs.some((spec) => spec.name === name)) {
      refuse(`${prefix}outputs[${index}].name`, `is ${show(name)}; the model gives ${list(specs)}.`);
    }
    if (outputs.indexOf(name) !== index)
      refuse(`${prefix}outputs[${index}].name`, `is ${show(name)} for the second time; name each once.`);
  });
  return [...outputs];
}
