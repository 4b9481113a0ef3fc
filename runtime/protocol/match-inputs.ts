import { decodeTensor } from './decode-tensor.ts';
import { DATATYPES } from './datatype.ts';
import type { Tensor, TensorSpec } from './tensor.ts';
import type { InferRequest, RequestTensor } from './v2-request.ts';
import { refuse, show } from './v2-request.ts';

const list = (specs: readonly TensorSpec[]) => specs.map(({ name }) => JSON.stringify(name)).join(', ');

/** Checks a request against what the model takes and gives its tensors, typed, in the order of the model. */
export function matchInputs(request: InferRequest, specs: readonly TensorSpec[]): Tensor[] {
  const given = request.rawInput === undefined ? request.inputs : [rawTensor(request.rawInput, specs)];
  for (const { name, place } of given) {
    if (!specs.some((spec) => spec.name === name))
      refuse(`${place}.name`, `is ${show(name)}; the model takes ${list(specs)}.`);
  }
  if (given.length < specs.length) {
    const missing = specs.filter(({ name }) => !given.some((tensor) => tensor.name === name));
    refuse('inputs', `lacks ${list(missing)}; send every input of the model.`);
  }
  return specs.map((spec) => matchInput(given.find(({ name }) => name === spec.name) as RequestTensor, spec));
}

function matchInput(input: RequestTensor, spec: TensorSpec): Tensor {
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
function fitsShape(shape: readonly number[], pattern: readonly number[]): boolean {
  if (shape.length !== pattern.length) return false;
  for (let axis = 0; axis < pattern.length; axis += 1) {
    if (pattern[axis] !== -1 && pattern[axis] !== shape[axis]) return false;
  }
  return true;
}

/** A raw request carries no header: the model must have one input whose shape follows from the number of bytes (a batch of 1). */
function rawTensor(bytes: Uint8Array, specs: readonly TensorSpec[]): RequestTensor {
  const [spec] = specs;
  if (spec === undefined || specs.length !== 1)
    refuse('the raw body', `suits models with one input; this one takes ${list(specs)}. Send a JSON header.`);
  return {
    name: spec.name,
    datatype: spec.datatype,
    shape: rawShape(spec, bytes.byteLength),
    place: 'the raw body',
    source: { kind: 'raw', bytes: spec.datatype === 'BYTES' ? withLength(bytes) : bytes },
  };
}

function rawShape({ name, datatype, shape }: TensorSpec, size: number): number[] {
  if (datatype === 'BYTES') return shape.map(() => 1);
  const fixed = shape.reduce((product, length) => (length === -1 ? product : product * length), 1);
  const open = shape.filter((length, axis) => length === -1 && axis > 0).length;
  if (open > 1) refuse('the raw body', `leaves more than one size of ${show(name)} open; send a JSON header.`);
  const left = size / (fixed * DATATYPES[datatype].bytes);
  // The batch is 1 where another size is open, and what the bytes make it otherwise.
  return shape.map((length, axis) => {
    if (length !== -1) return length;
    return open === 1 && axis === 0 ? 1 : Math.floor(left);
  });
}

function withLength(bytes: Uint8Array): Uint8Array {
  const out = Buffer.alloc(4 + bytes.byteLength);
  out.writeUInt32LE(bytes.byteLength);
  out.set(bytes, 4);
  return out;
}

/** The names of the outputs to compute: those asked for, or all. */
export function matchOutputs({ outputs }: InferRequest, specs: readonly TensorSpec[], prefix = ''): string[] {
  if (outputs === undefined || outputs.length === 0) return specs.map(({ name }) => name);
  outputs.forEach(({ name }, index) => {
    if (!specs.some((spec) => spec.name === name)) {
      refuse(`${prefix}outputs[${index}].name`, `is ${show(name)}; the model gives ${list(specs)}.`);
    }
    if (outputs.findIndex((other) => other.name === name) !== index)
      refuse(`${prefix}outputs[${index}].name`, `is ${show(name)} for the second time; name each once.`);
  });
  return outputs.map(({ name }) => name);
}
