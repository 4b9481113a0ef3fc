import type { ApiErrorCode } from '../errors.ts';
import { ApiError } from '../errors.ts';
import { parseExactJson } from './exact-json.ts';
import type { TensorData } from './tensor.ts';

const MAX_TENSORS = 1024;
const MAX_RANK = 16;
const MAX_PARAMETERS = 1024;
const MAX_CLASSES = 100_000;

/** A parameter of Open Inference V2: flat, never an object or a list. */
export type Parameter = string | number | boolean | bigint;
export type Parameters = Record<string, Parameter>;

/** Elements as they came over a transport, not yet checked against a data type. */
export type TensorSource =
  /** A list of a JSON body, nested or flat; numbers that were read straight from the bytes come as one typed array. */
  | { kind: 'json'; values: readonly unknown[] | Float32Array | Float64Array; nesting?: readonly number[] | undefined }
  /** Bytes as the binary tensor extension and raw gRPC contents have them: little-endian, row-major; BYTES with 4-byte lengths. */
  | { kind: 'raw'; bytes: Uint8Array }
  /** The typed contents of gRPC: `field` names where they came in. */
  | { kind: 'typed'; field: string; values: readonly unknown[] | Exclude<TensorData, string[]> }
  /** Elements that another thread has checked and typed, or why it refused them. */
  | { kind: 'ready'; data: TensorData | { code: ApiErrorCode; message: string } };

/** An input tensor as it came, checked in form but not against any model. */
export interface RequestTensor {
  name: string;
  datatype: string;
  shape: number[];
  source: TensorSource;
  /** Where it stands, for messages: `inputs[0]`. */
  place: string;
}

/** An output that is asked for. */
export interface RequestedOutput {
  name: string;
  /** The classification extension: the best N classes instead of the scores. */
  classification?: number;
  /** The binary tensor extension: whether this output comes as bytes; absent means as the request says. */
  binary?: boolean;
}

/** An inference request, checked in form. */
export interface InferRequest {
  id?: string;
  parameters?: Parameters;
  inputs: RequestTensor[];
  /** The outputs that are wanted; absent or empty means all. */
  outputs?: RequestedOutput[];
  /** A raw request: the bytes of the model's only input, without any header. `inputs` is empty then. */
  rawInput?: Uint8Array;
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

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Parses the JSON body of an inference request. */
export const parseInferRequest = (text: string): InferRequest => readInferRequest(parseExactJson(text), '');

/** Where the bytes of the binary tensor extension are taken from, one tensor after another. */
export type TakeBytes = (size: number, place: string) => Uint8Array;

/** Checks the form of an inference request that has been parsed; `prefix` says where it stands. */
export function readInferRequest(body: unknown, prefix: string, takeBytes?: TakeBytes): InferRequest {
  if (!isObject(body)) refuse(`${prefix || 'the body '}`.trimEnd(), `is ${show(body)}; send an object with "inputs".`);
  const request: InferRequest = { inputs: readTensors(body['inputs'], `${prefix}inputs`, takeBytes) };
  const id = body['id'];
  if (id !== undefined && typeof id !== 'string') refuse(`${prefix}id`, `is ${show(id)}; send a string.`);
  if (id !== undefined) request.id = id;
  if (body['parameters'] !== undefined) request.parameters = readParameters(body['parameters'], `${prefix}parameters`);
  if (body['outputs'] !== undefined) request.outputs = readOutputs(body['outputs'], `${prefix}outputs`);
  return request;
}

/** Checks the form of a list of tensors. */
export function readTensors(value: unknown, place: string, takeBytes?: TakeBytes): RequestTensor[] {
  if (!Array.isArray(value)) refuse(place, `is ${show(value)}; send a list of tensors.`);
  if (value.length > MAX_TENSORS) refuse(place, `has ${value.length} tensors; at most ${MAX_TENSORS} are taken.`);
  const tensors = value.map((tensor, index) => readTensor(tensor, `${place}[${index}]`, takeBytes));
  refuseTwice(tensors);
  return tensors;
}

/** Refuses a tensor that is there twice. */
export function refuseTwice(tensors: readonly RequestTensor[]): void {
  if (tensors.length < 2) return;
  const seen = new Set<string>();
  for (const { name, place } of tensors) {
    if (seen.has(name)) refuse(`${place}.name`, `is ${show(name)} for the second time; send each tensor once.`);
    seen.add(name);
  }
}

function readTensor(value: unknown, place: string, takeBytes: TakeBytes | undefined): RequestTensor {
  if (!isObject(value)) refuse(place, `is ${show(value)}; send an object with name, shape, datatype and data.`);
  const { name, datatype } = value;
  if (typeof name !== 'string' || name === '')
    refuse(`${place}.name`, `is ${show(name)}; send the name of the tensor.`);
  if (typeof datatype !== 'string')
    refuse(`${place}.datatype`, `is ${show(datatype)}; send a V2 data type such as "FP32".`);
  const shape = readShape(value['shape'], `${place}.shape`);
  return { name, datatype, shape, source: readSource(value, place, takeBytes), place };
}

function readSource(value: Json, place: string, takeBytes: TakeBytes | undefined): TensorSource {
  const { data, parameters } = value;
  const given = parameters === undefined ? {} : readParameters(parameters, `${place}.parameters`);
  if ('shared_memory_region' in given) {
    refuse(`${place}.parameters.shared_memory_region`, 'asks for shared memory, which is not offered; send the data.');
  }
  if (!('binary_data_size' in given)) {
    if (!Array.isArray(data)) refuse(`${place}.data`, `is ${show(data)}; send a list.`);
    return { kind: 'json', values: data };
  }
  const sizePlace = `${place}.parameters.binary_data_size`;
  const size = given['binary_data_size'];
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    refuse(sizePlace, `is ${show(size)}; send the number of bytes.`);
  if (data !== undefined) refuse(`${place}.data`, 'is there beside binary_data_size; send one of them.');
  if (takeBytes === undefined)
    refuse(sizePlace, 'needs the header Inference-Header-Content-Length; send it, or send "data".');
  return { kind: 'raw', bytes: takeBytes(size, sizePlace) };
}

/** Checks a shape: a list of sizes. */
export function readShape(value: unknown, place: string): number[] {
  if (!Array.isArray(value)) refuse(place, `is ${show(value)}; send a list of sizes such as [1, 4].`);
  if (value.length > MAX_RANK) refuse(place, `has ${value.length} dimensions; at most ${MAX_RANK} are taken.`);
  for (let index = 0; index < value.length; index += 1) {
    const size: unknown = value[index];
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
      refuse(`${place}[${index}]`, `is ${show(size)}; send a size of 0 or more.`);
    }
  }
  return value as number[];
}

function readParameters(value: unknown, place: string): Parameters {
  if (!isObject(value)) refuse(place, `is ${show(value)}; send an object of strings, numbers and booleans.`);
  const entries = Object.entries(value);
  if (entries.length > MAX_PARAMETERS)
    refuse(place, `has ${entries.length} entries; at most ${MAX_PARAMETERS} are taken.`);
  for (const [name, inner] of entries) {
    if (typeof inner === 'object')
      refuse(`${place}.${name.slice(0, 80)}`, `is ${show(inner)}; send a string, number or boolean.`);
  }
  return value as Parameters;
}

function readOutputs(value: unknown, place: string): RequestedOutput[] {
  if (!Array.isArray(value)) refuse(place, `is ${show(value)}; send a list of objects with "name".`);
  if (value.length > MAX_TENSORS) refuse(place, `has ${value.length} entries; at most ${MAX_TENSORS} are taken.`);
  return value.map((output: unknown, index) => readOutput(output, `${place}[${index}]`));
}

function readOutput(output: unknown, place: string): RequestedOutput {
  if (!isObject(output)) refuse(place, `is ${show(output)}; send an object with "name".`);
  const { name, parameters } = output;
  if (typeof name !== 'string') refuse(`${place}.name`, `is ${show(name)}; send the name of an output.`);
  if (parameters === undefined) return { name };
  return readOutputParameters(name, readParameters(parameters, `${place}.parameters`), `${place}.parameters`);
}

/** Reads what the extensions say about an output. */
export function readOutputParameters(name: string, parameters: Parameters, place: string): RequestedOutput {
  const wanted: RequestedOutput = { name };
  const { classification, binary_data: binary } = parameters;
  if (classification !== undefined) {
    const classes = Number(classification);
    if (!Number.isInteger(classes) || classes < 0 || classes > MAX_CLASSES)
      refuse(`${place}.classification`, `is ${show(classification)}; send how many classes are wanted.`);
    if (classes > 0) wanted.classification = classes;
  }
  if (binary !== undefined && typeof binary !== 'boolean')
    refuse(`${place}.binary_data`, `is ${show(binary)}; send true or false.`);
  if (binary !== undefined) wanted.binary = binary;
  if ('shared_memory_region' in parameters)
    refuse(`${place}.shared_memory_region`, 'asks for shared memory, which is not offered; leave it out.');
  return wanted;
}
