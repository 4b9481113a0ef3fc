import { isUtf8 } from 'node:buffer';
import { randomInt } from 'node:crypto';
import { ApiError } from '../errors.ts';
import { parseExactJson } from './exact-json.ts';
import { refuseHeavyJson } from './json-weight.ts';
import type { ListPlace } from './json-numbers.ts';
import { scanNumbers } from './json-numbers.ts';
import { elementCount } from './tensor.ts';
import type { InferRequest, RequestTensor, TakeBytes } from './v2-request.ts';
import { isObject, readInferRequest } from './v2-request.ts';

/** Shorter bodies are parsed sooner than they are searched. */
const MIN_SCAN_BYTES = 4 * 1024;
/** More lists than a request may have tensors. */
const MAX_LISTS = 1024;
const [QUOTE, BACKSLASH, COLON, OPEN, CLOSE, CLOSE_OBJECT] = [0x22, 0x5c, 0x3a, 0x5b, 0x5d, 0x7d];
/** Marks the place of a list that was taken out; no client can know it. */
const MARK = randomInt(2 ** 47);
const DATA = Buffer.from('"data"');
/** Data types whose numbers are read from the bytes; those of the others are checked one by one. */
const SCANNED = new Set(['FP32', 'INT8', 'INT16', 'INT32', 'INT64', 'UINT8', 'UINT16', 'UINT32', 'UINT64']);
const isSpace = (byte: number | undefined) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/** Reads the JSON of an inference request. Long lists of numbers are read straight from the bytes. */
export function readJsonBody(body: Buffer, takeBytes?: TakeBytes): InferRequest {
  const places = body.byteLength >= MIN_SCAN_BYTES ? findLists(body) : [];
  const request = places.length === 0 || places.length > MAX_LISTS ? undefined : readWithoutLists(body, places);
  return request ?? readInferRequest(parseBody(body), '', takeBytes);
}

function parseBody(body: Buffer): unknown {
  if (!isUtf8(body)) throw new ApiError('InvalidJson', 'The body is not UTF-8 text; send JSON in UTF-8.');
  refuseHeavyJson(body);
  return parseExactJson(body.toString('utf8'));
}

/** Where lists of numbers seem to stand under "data". Inside of one there is neither a quote nor a brace, which is how its end is found. */
function findLists(body: Buffer): ListPlace[] {
  const places: ListPlace[] = [];
  let at = body.indexOf(QUOTE);
  while (at !== -1) {
    const end = endOfString(body, at);
    if (end === undefined) return [];
    const isData = end - at === DATA.byteLength && body.compare(DATA, 0, DATA.byteLength, at, end) === 0;
    const place = isData ? listAfter(body, end) : undefined;
    if (place !== undefined) places.push(place);
    at = body.indexOf(QUOTE, place?.end ?? end);
  }
  return places;
}

/** The byte after the closing quote of a string that begins at `from`. */
function endOfString(body: Buffer, from: number): number | undefined {
  let at = from + 1;
  for (;;) {
    const quote = body.indexOf(QUOTE, at);
    if (quote === -1) return undefined;
    let slashes = 0;
    while (body[quote - 1 - slashes] === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return quote + 1;
    at = quote + 1;
  }
}

function listAfter(body: Buffer, key: number): ListPlace | undefined {
  let start = key;
  while (isSpace(body[start])) start += 1;
  if (body[start] !== COLON) return undefined;
  start += 1;
  while (isSpace(body[start])) start += 1;
  if (body[start] !== OPEN) return undefined;
  // Nothing beyond the next quote is looked at, so that no body is searched more than once.
  const quote = body.indexOf(QUOTE, start);
  const rest = body.subarray(start, quote === -1 ? body.byteLength : quote);
  const brace = rest.indexOf(CLOSE_OBJECT);
  const last = (brace === -1 ? rest : rest.subarray(0, brace)).lastIndexOf(CLOSE);
  return last === -1 ? undefined : { start, end: start + last + 1 };
}

/** Reads the body with marks instead of lists, which says what each is to hold, and then the lists; undefined where that is not certain. */
function readWithoutLists(body: Buffer, places: readonly ListPlace[]): InferRequest | undefined {
  const pieces: Buffer[] = [];
  let copied = 0;
  for (const [index, { start, end }] of places.entries()) {
    pieces.push(body.subarray(copied, start), Buffer.from(`[${MARK},${index}]`));
    copied = end;
  }
  pieces.push(body.subarray(copied));
  const request = tryRead(Buffer.concat(pieces));
  // A key that is there twice, or a list in another place: which belongs where is not certain.
  if (request === undefined || request.inputs.length !== places.length) return undefined;
  const isWhole = request.inputs.every((input, index) => fill(input, body, places[index] as ListPlace));
  return isWhole ? request : undefined;
}

function tryRead(rest: Buffer): InferRequest | undefined {
  refuseHeavyJson(rest);
  refuseHeavyJson(rest);
  const parsed = isUtf8(rest) ? tryParse(rest.toString('utf8')) : undefined;
  if (!isObject(parsed) || !Array.isArray(parsed['inputs'])) return undefined;
  const hasList = (input: unknown, index: number) =>
    isObject(input) && isMark(input['data'], index) && input['parameters'] === undefined;
  return (parsed['inputs'] as unknown[]).every(hasList) ? readInferRequest(parsed, '') : undefined;
}

const isMark = (data: unknown, index: number): boolean =>
  Array.isArray(data) && data.length === 2 && data[0] === MARK && data[1] === index;

function tryParse(text: string): unknown {
  try {
    return parseExactJson(text);
  } catch {
    // The whole body is parsed then, and says what is wrong with it.
    return undefined;
  }
}

function fill(tensor: RequestTensor, body: Buffer, place: ListPlace): boolean {
  const count = elementCount(tensor.shape);
  // Each number takes two bytes at least, so a lying shape allocates nothing.
  if (!SCANNED.has(tensor.datatype) || count === 0 || count * 2 > place.end - place.start) return false;
  const values = tensor.datatype === 'FP32' ? new Float32Array(count) : new Float64Array(count);
  const nesting = scanNumbers(body, place, values);
  if (nesting === undefined) return false;
  tensor.source = { kind: 'json', values, nesting };
  return true;
}
