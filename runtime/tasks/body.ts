import { isUtf8 } from 'node:buffer';
import { ApiError } from '../errors.ts';
import { isObject, refuse, show } from '../protocol/v2-request.ts';
import type { TaskBody } from './work.ts';

/** An object of a request's JSON. */
export type Json = Record<string, unknown>;

const OPEN_BRACE = 0x7b;
const MAX_TEXTS = 1024;

/** True when a body is JSON and not an image: it says so, or says nothing and begins like an object. */
export function isJson({ bytes, contentType }: TaskBody): boolean {
  if (contentType?.includes('json') === true) return true;
  if (contentType?.startsWith('image/') === true) return false;
  const first = bytes.find((byte) => byte > 0x20);
  return first === OPEN_BRACE;
}

/** Parses a body that must be a JSON object. */
export function parseBody({ bytes }: TaskBody): Json {
  if (!isUtf8(bytes)) throw new ApiError('InvalidJson', 'The body is not UTF-8 text; send one JSON object in UTF-8.');
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch (error) {
    throw new ApiError('InvalidJson', 'The body is not JSON; send one JSON object.', { cause: error });
  }
  if (!isObject(value)) refuse('the body', `is ${show(value)}; send an object with "inputs".`);
  return value;
}

/** A field; null stands for absent, as in Python clients. */
export function field(body: Json, name: string): unknown {
  return Object.hasOwn(body, name) ? (body[name] ?? undefined) : undefined;
}

/** Refuses fields that nobody reads, so that no misspelt option goes unnoticed. */
export function refuseUnknown(body: Json, known: readonly string[], prefix = ''): void {
  for (const name of Object.keys(body)) {
    if (!known.includes(name))
      refuse(`${prefix}${name.slice(0, 80)}`, `is not known here; the fields are ${known.join(', ')}.`);
  }
}

/** Options: those of `parameters` and those beside `inputs`, of which only known ones are taken. */
export function readOptions(body: Json, known: readonly string[], inputs: readonly string[] = ['inputs']): Json {
  const parameters = field(body, 'parameters') ?? {};
  if (!isObject(parameters)) refuse('parameters', `is ${show(parameters)}; send an object.`);
  refuseUnknown(parameters, known, 'parameters.');
  refuseUnknown(body, [...inputs, 'parameters', 'options', ...known]);
  return Object.fromEntries(known.map((name) => [name, field(parameters, name) ?? field(body, name)]));
}

/** A text. */
export function readText(value: unknown, place: string): string {
  if (typeof value !== 'string') refuse(place, `is ${show(value)}; send a text.`);
  return value;
}

/** One text or more. */
export function readTexts(value: unknown, place: string, limit = MAX_TEXTS): string[] {
  if (!Array.isArray(value)) refuse(place, `is ${show(value)}; send a list of texts.`);
  if (value.length === 0) refuse(place, 'is an empty list; send one text or more.');
  if (value.length > limit)
    refuse(place, `has ${value.length} entries; at most ${limit} are taken. Send them in several requests.`);
  return value.map((item: unknown, index) => readText(item, `${place}[${index}]`));
}

/** True, false or absent. */
export function readFlag(value: unknown, place: string): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value;
  refuse(place, `is ${show(value)}; send true or false.`);
}

/** A whole number within limits, or absent. */
export function readWhole(value: unknown, place: string, max = 100_000): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > max)
    refuse(place, `is ${show(value)}; send a whole number from 1 to ${max}.`);
  return value;
}

/** A number from 0 to 1, or absent. */
export function readShare(value: unknown, place: string): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || value < 0 || value > 1)
    refuse(place, `is ${show(value)}; send a number from 0 to 1.`);
  return value;
}

/** One of several words, or absent. */
export function readChoice<Word extends string>(
  value: unknown,
  place: string,
  words: readonly Word[],
): Word | undefined {
  if (value === undefined) return undefined;
  const lower = typeof value === 'string' ? value.toLowerCase() : value;
  const word = words.find((candidate) => candidate === lower);
  if (word === undefined) refuse(place, `is ${show(value)}; send one of ${words.join(', ')}.`);
  return word;
}
