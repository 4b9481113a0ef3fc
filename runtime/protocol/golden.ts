import { ApiError } from '../errors.ts';
import { ModelFailure } from '../model-failure.ts';
import { decodeTensor } from './decode-tensor.ts';
import { parseExactJson } from './exact-json.ts';
import { matchInputs, matchOutputs } from './match-inputs.ts';
import type { Tensor, TensorSpec } from './tensor.ts';
import type { InferRequest } from './v2-request.ts';
import { readInferRequest, readTensors } from './v2-request.ts';

const MAX_EXAMPLES = 1000;
const DEFAULT_TOLERANCE: Tolerance = { relative: 1e-4, absolute: 1e-5 };

/** How far a floating-point value may be off: absolute + relative·|want|. */
export interface Tolerance {
  relative: number;
  absolute: number;
}

/** A request and the outputs it must give. */
export interface GoldenExample {
  name: string;
  tolerance: Tolerance;
  request: InferRequest;
  expected: Tensor[];
}

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const invalid = (message: string, cause?: unknown) =>
  new ModelFailure('GoldenInvalid', `The golden examples cannot be used: ${message}`, { cause });

/** What is wrong with a field of the file is said with the field's place in it. */
function asInvalid<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof ApiError ? invalid(error.message, error) : error;
  }
}

/** Reads a golden file (docs/reference/pod-contract.md). */
export function parseGolden(text: string): GoldenExample[] {
  const file = asInvalid(() => parseExactJson(text));
  if (!isObject(file) || !Array.isArray(file['examples']))
    throw invalid('the file is not an object with a list "examples".');
  const { examples } = file;
  if (examples.length === 0) throw invalid('"examples" is empty.');
  if (examples.length > MAX_EXAMPLES)
    throw invalid(`there are ${examples.length} examples; at most ${MAX_EXAMPLES} are taken.`);
  const tolerance = readTolerance(file['tolerance'], 'tolerance', DEFAULT_TOLERANCE);
  return examples.map((example: unknown, index) => readExample(example, `examples[${index}]`, tolerance));
}

function readExample(example: unknown, place: string, fallback: Tolerance): GoldenExample {
  if (!isObject(example)) throw invalid(`${place} is not an object.`);
  const { name = place, request, response } = example;
  if (typeof name !== 'string') throw invalid(`${place}.name is not a string.`);
  if (!isObject(response)) throw invalid(`${place}.response is missing.`);
  const tolerance = readTolerance(example['tolerance'], `${place}.tolerance`, fallback);
  return asInvalid(() => {
    const expected = readTensors(response['outputs'], `${place}.response.outputs`).map(decodeTensor);
    if (expected.length === 0) throw invalid(`${place}.response.outputs is empty, so nothing would be compared.`);
    return { name, tolerance, request: readInferRequest(request ?? 'missing', `${place}.request.`), expected };
  });
}

function readTolerance(value: unknown, place: string, fallback: Tolerance): Tolerance {
  if (value === undefined) return fallback;
  if (!isObject(value)) throw invalid(`${place} is not an object with "relative" and "absolute".`);
  const read = (key: keyof Tolerance) => {
    const number = value[key] ?? fallback[key];
    if (typeof number !== 'number' || !(number >= 0)) throw invalid(`${place}.${key} is not a number of 0 or more.`);
    return number;
  };
  return { relative: read('relative'), absolute: read('absolute') };
}

/** An example made ready for one model: typed inputs, and the outputs to ask for. */
export interface PreparedExample {
  example: GoldenExample;
  inputs: Tensor[];
  outputNames: string[];
}

/** Checks an example against the model's tensors. */
export function prepareExample(
  example: GoldenExample,
  { inputs, outputs }: { inputs: readonly TensorSpec[]; outputs: readonly TensorSpec[] },
): PreparedExample {
  const place = `example "${example.name}"`;
  for (const { name, datatype } of example.expected) {
    const spec = outputs.find((output) => output.name === name);
    if (spec === undefined) {
      throw invalid(
        `${place} expects the output "${name}"; the model gives ${outputs.map((output) => output.name).join(', ')}.`,
      );
    }
    if (spec.datatype !== datatype)
      throw invalid(`${place} expects ${datatype} for "${name}"; the model gives ${spec.datatype}.`);
  }
  return asInvalid(() => {
    matchOutputs(example.request, outputs, `${place}: `);
    return {
      example,
      inputs: matchInputs(example.request, inputs),
      outputNames: example.expected.map(({ name }) => name),
    };
  });
}
