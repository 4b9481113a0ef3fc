import { ApiError } from '../errors.ts';
import { parseExactJson } from './exact-json.ts';

const MAX_TENSORS = 1024;
const MAX_RANK = 16;

/** A parameter of Open Inference V2: flat, never an object or a list. */
export type Parameters = Record<string, string | number | boolean | bigint>;

/** A tensor as it stands in a JSON body, checked in form but not against any model. */
export interface JsonTensor {
  name: string;
  datatype: string;
  shape: number[];
  data: unknown[];
  /** Where it stands, for messages: `inputs[0]`. */
  place: string;
}

/** An inference request, checked in form. */
export interface InferRequest {
  id?: string;
  parameters?: Parameters;
  inputs: JsonTensor[];
  /** Names of the outputs that are wanted; absent means all. */
  outputs?: string[];
}

type Json = Record<string, unknown>;

/** Refuses a field: says where, what is wrong and what to do. */
export function refuse(place: string, problem: string): never {
  throw new ApiError('InvalidRequest', `${place} ${problem}`);
}

/** How a value is shown in a message: short, and quoted as JSON. */
export function show(value: unknown): string {
  if (value === undefined) return 'missing';
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  return (JSON.stringify(value) ?? typeof value).slice(0, 80);
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Parses the JSON body of an inference request. */
export const parseInferRequest = (text: string): InferRequest => readInferRequest(parseExactJson(text), '');

/** Checks the form of an inference request that has been parsed; `prefix` says where it stands. */
export function readInferRequest(body: unknown, prefix: string): InferRequest {
  if (!isObject(body)) refuse(`${prefix || 'the body '}`.trimEnd(), `is ${show(body)}; send an object with "inputs".`);
  const request: InferRequest = { inputs: readTensors(body['inputs'], `${prefix}inputs`) };
  const id = body['id'];
  if (id !== undefined && typeof id !== 'string') refuse(`${prefix}id`, `is ${show(id)}; send a string.`);
  if (id !== undefined) request.id = id;
  if (body['parameters'] !== undefined) request.parameters = readParameters(body['parameters'], `${prefix}parameters`);
  if (body['outputs'] !== undefined) request.outputs = readOutputs(body['outputs'], `${prefix}outputs`);
  return request;
}

/** Checks the form of a list of tensors. */
export function readTensors(value: unknown, place: string): JsonTensor[] {
  if (!Array.isArray(value)) refuse(place, `is ${show(value)}; send a list of tensors.`);
  if (value.length > MAX_TENSORS) refuse(place, `has ${value.length} tensors; at most ${MAX_TENSORS} are taken.`);
  const tensors = value.map((tensor, index) => readTensor(tensor, `${place}[${index}]`));
  const twice = tensors.find(({ name }, index) => tensors.findIndex((other) => other.name === name) !== index);
  if (twice !== undefined)
    refuse(`${twice.place}.name`, `is ${show(twice.name)} for the second time; send each tensor once.`);
  return tensors;
}

function readTensor(value: unknown, place: string): JsonTensor {
  if (!isObject(value)) refuse(place, `is ${show(value)}; send an object with name, shape, datatype and data.`);
  const { name, datatype, data } = value;
  if (typeof name !== 'string' || name === '')
    refuse(`${place}.name`, `is ${show(name)}; send the name of the tensor.`);
  if (typeof datatype !== 'string')
    refuse(`${place}.datatype`, `is ${show(datatype)}; send a V2 data type such as "FP32".`);
  if (isObject(value['parameters']) && 'binary_data_size' in value['parameters']) {
    refuse(
      `${place}.parameters.binary_data_size`,
      'asks for the binary tensor extension, which is not there yet; send "data".',
    );
  }
  if (!Array.isArray(data)) refuse(`${place}.data`, `is ${show(data)}; send a list.`);
  return { name, datatype, shape: readShape(value['shape'], `${place}.shape`), data, place };
}

function readShape(value: unknown, place: string): number[] {
  if (!Array.isArray(value)) refuse(place, `is ${show(value)}; send a list of sizes such as [1, 4].`);
  if (value.length > MAX_RANK) refuse(place, `has ${value.length} dimensions; at most ${MAX_RANK} are taken.`);
  value.forEach((size: unknown, index) => {
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
      refuse(`${place}[${index}]`, `is ${show(size)}; send a size of 0 or more.`);
    }
  });
  return value as number[];
}

function readParameters(value: unknown, place: string): Parameters {
  if (!isObject(value)) refuse(place, `is ${show(value)}; send an object of strings, numbers and booleans.`);
  for (const [name, inner] of Object.entries(value)) {
    if (typeof inner === 'object')
      refuse(`${place}.${name.slice(0, 80)}`, `is ${show(inner)}; send a string, number or boolean.`);
  }
  return value as Parameters;
}

function readOutputs(value: unknown, place: string): string[] {
  if (!Array.isArray(value)) refuse(place, `is ${show(value)}; send a list of objects with "name".`);
  if (value.length > MAX_TENSORS) refuse(place, `has ${value.length} entries; at most ${MAX_TENSORS} are taken.`);
  return value.map((output: unknown, index) => readOutput(output, `${place}[${index}]`));
}

function readOutput(output: unknown, place: string): string {
  if (!isObject(output)) refuse(place, `is ${show(output)}; send an object with "name".`);
  const { name, parameters } = output;
  if (typeof name !== 'string') refuse(`${place}.name`, `is ${show(name)}; send the name of an output.`);
  if (isObject(parameters) && (parameters['binary_data'] === true || 'classification' in parameters)) {
    refuse(
      `${place}.parameters`,
      'asks for an extension that is not there yet; leave binary_data and classification out.',
    );
  }
  return name;
}
