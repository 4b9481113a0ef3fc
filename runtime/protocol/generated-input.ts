import { DATATYPES } from './datatype.ts';
import type { Tensor, TensorSpec } from './tensor.ts';
import { allocate, elementCount } from './tensor.ts';
import { toFloat16Bits } from './float16.ts';

/** More elements than this are not made up: such a model needs golden examples. */
const MAX_ELEMENTS = 16 * 1024 * 1024;

/** Inputs that fit a model: sizes left open are 1, floats 0.5, integers 0, booleans true, texts "a". */
export function generateInputs(specs: readonly TensorSpec[]): Tensor[] {
  return specs.map(({ name, datatype, shape }) => {
    const sizes = shape.map((size) => (size === -1 ? 1 : size));
    const length = elementCount(sizes);
    if (length > MAX_ELEMENTS) throw new RangeError(`"${name}" has ${length} elements`);
    return { name, datatype, shape: sizes, data: fill({ name, datatype, shape }, length) };
  });
}

function fill({ datatype }: TensorSpec, length: number): Tensor['data'] {
  const data = allocate(datatype, length);
  if (Array.isArray(data)) return data.fill('a');
  if (datatype === 'FP16') return (data as Uint16Array).fill(toFloat16Bits(0.5));
  if (DATATYPES[datatype].family === 'float') return (data as Float32Array).fill(0.5);
  return datatype === 'BOOL' ? (data as Uint8Array).fill(1) : data;
}
