import type { Parameter, Parameters } from '../protocol/v2-request.ts';
import { refuse } from '../protocol/v2-request.ts';
import type { Long } from './messages.ts';
import { fromLong, toLong } from './messages.ts';

const MAX_PARAMETERS = 1024;
const MAX_INT64 = 2n ** 63n - 1n;

/** A parameter as the message has it; one of the fields is set. */
export interface InferParameter {
  parameter_choice?: 'bool_param' | 'int64_param' | 'string_param' | 'double_param' | 'uint64_param' | undefined;
  bool_param?: boolean;
  int64_param?: Long | number;
  string_param?: string;
  double_param?: number;
  uint64_param?: Long | number;
}
export type InferParameters = Record<string, InferParameter>;

/** The parameters of a message; undefined without any. `place` says where they stand. */
export function readParameters(map: InferParameters, place: string): Parameters | undefined {
  const names = Object.keys(map);
  if (names.length === 0) return undefined;
  if (names.length > MAX_PARAMETERS) refuse(place, `has ${names.length} entries; at most ${MAX_PARAMETERS} are taken.`);
  // fromEntries makes an own property of any name, also of "__proto__".
  return Object.fromEntries(names.map((name) => [name, readParameter(map[name], `${place}.${name.slice(0, 80)}`)]));
}

function readParameter(parameter: InferParameter | undefined, place: string): Parameter {
  const choice = parameter?.parameter_choice;
  const value = choice === undefined ? undefined : parameter?.[choice];
  if (value === undefined)
    refuse(place, 'has no value; set one of bool_param, int64_param, string_param, double_param.');
  return typeof value === 'object' ? fromLong(value) : value;
}

/** Parameters as the message has them. */
export const writeParameters = (parameters: Parameters): InferParameters =>
  Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, writeParameter(value)]));

function writeParameter(value: Parameter): InferParameter {
  if (typeof value === 'boolean') return { bool_param: value };
  if (typeof value === 'string') return { string_param: value };
  if (typeof value === 'number') return Number.isSafeInteger(value) ? { int64_param: value } : { double_param: value };
  return value > MAX_INT64 ? { uint64_param: toLong(value, true) } : { int64_param: toLong(value, false) };
}
