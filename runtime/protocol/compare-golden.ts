import { ModelFailure } from '../model-failure.ts';
import { isFloat } from './datatype.ts';
import { fromFloat16Bits } from './float16.ts';
import type { GoldenExample, Tolerance } from './golden.ts';
import type { Tensor } from './tensor.ts';

/** The first place where an answer is not what a golden example says. */
export interface Mismatch {
  output: string;
  problem: string;
}

/** True when a value is near enough; NaN is near nothing, not even NaN. */
export const isClose = (got: number, want: number, { relative, absolute }: Tolerance): boolean =>
  got === want || Math.abs(got - want) <= absolute + relative * Math.abs(want);

/** Compares an answer with a golden example and gives the first difference. */
export function findMismatch(example: GoldenExample, outputs: readonly Tensor[]): Mismatch | undefined {
  for (const want of example.expected) {
    const got = outputs.find(({ name }) => name === want.name);
    const problem = got === undefined ? 'is missing' : compareTensors(got, want, example.tolerance);
    if (problem !== undefined) return { output: want.name, problem };
  }
  return undefined;
}

/** The failure that a mismatch is. */
export const mismatchFailure = ({ name }: GoldenExample, { output, problem }: Mismatch): ModelFailure =>
  new ModelFailure(
    'GoldenMismatch',
    `Golden example "${name}": output "${output}" ${problem}. The model does not do what its golden examples say: correct one of them.`,
  );

function compareTensors(got: Tensor, want: Tensor, tolerance: Tolerance): string | undefined {
  if (got.datatype !== want.datatype) return `is ${got.datatype}, want ${want.datatype}`;
  if (got.shape.join() !== want.shape.join())
    return `has shape [${got.shape.join(', ')}], want [${want.shape.join(', ')}]`;
  const isSame = isFloat(got.datatype)
    ? (index: number) => isClose(floatAt(got, index), floatAt(want, index), tolerance)
    : (index: number) => got.data[index] === want.data[index];
  for (let index = 0; index < want.data.length; index += 1) {
    if (!isSame(index)) return `is ${showAt(got, index)} at element ${index}, want ${showAt(want, index)}`;
  }
  return undefined;
}

function floatAt({ datatype, data }: Tensor, index: number): number {
  const value = Number(data[index]);
  return datatype === 'FP16' ? fromFloat16Bits(value) : value;
}

function showAt(tensor: Tensor, index: number): string {
  const value = tensor.data[index];
  if (typeof value === 'string') return JSON.stringify(value).slice(0, 80);
  if (!isFloat(tensor.datatype)) return String(value);
  return tensor.datatype === 'FP32' ? shortFloat(floatAt(tensor, index)) : String(floatAt(tensor, index));
}

/** The shortest text that stands for the same 32-bit float: 0.7, not 0.699999988079071. */
function shortFloat(value: number): string {
  const digits = [6, 7, 8].find((count) => Math.fround(Number(value.toPrecision(count))) === value);
  return String(digits === undefined ? value : Number(value.toPrecision(digits)));
}
