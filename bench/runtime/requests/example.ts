import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ModelName } from '../cells.ts';

/** A tensor with its numbers in row-major order. */
export interface Tensor {
  name: string;
  datatype: 'FP32' | 'INT64';
  shape: number[];
  data: number[];
}

/** One request of a model, and the answer of Python's onnxruntime to it. */
export interface Example {
  inputs: Tensor[];
  outputs: Tensor[];
}

/** Reads the example of a model from the folder that `models/make.py` has written. */
export const readExample = (setFolder: string, model: ModelName): Example =>
  JSON.parse(readFileSync(join(setFolder, 'examples', `${model}.json`), 'utf8')) as Example;

// Engines differ in the order of additions; a wrong or empty answer differs by far more.
const TOLERANCE = { relative: 1e-3, absolute: 1e-4 };

/** What is wrong with an answer: undefined when each output has the expected numbers. Batch dimensions are not compared. */
export function differenceOf(got: readonly Tensor[], want: readonly Tensor[]): string | undefined {
  for (const expected of want) {
    const found = got.find(({ name }) => name === expected.name);
    if (found === undefined) return `output "${expected.name}" is missing`;
    if (found.datatype !== expected.datatype) return `output "${expected.name}" is ${found.datatype}`;
    const given = found.data.flat(Infinity) as number[];
    if (given.length !== expected.data.length) return `output "${expected.name}" has ${given.length} numbers`;
    const index = expected.data.findIndex((value, at) => !isNear(given[at], value));
    if (index >= 0) return `output "${expected.name}"[${index}] is ${given[index]}, not ${expected.data[index]}`;
  }
  return undefined;
}

const isNear = (got: number | undefined, want: number): boolean =>
  got !== undefined && Math.abs(got - want) <= TOLERANCE.absolute + TOLERANCE.relative * Math.abs(want);
