import type { Datatype } from './datatype.ts';
import { DATATYPES } from './datatype.ts';
import { toFloat16Bits } from './float16.ts';
import type { TensorData } from './tensor.ts';
import { allocate } from './tensor.ts';
import { refuse, show } from './v2-request.ts';

type Values = ArrayLike<unknown>;
type IntegerType = 'UINT8' | 'UINT16' | 'UINT32' | 'INT8' | 'INT16' | 'INT32';

/** Elements as JSON has them, checked and typed. JSON has no NaN and no infinity, so a float that becomes one was too large. */
// oxlint-disable-next-line complexity -- one line a data type
export function convertValues(values: Values, datatype: Datatype, place: string): TensorData {
  switch (datatype) {
    case 'BOOL':
      return convertBooleans(values, place);
    case 'UINT64':
    case 'INT64':
      return convertBigIntegers(values, datatype, place);
    case 'FP16':
    case 'FP32':
    case 'FP64':
      return convertFloats(values, datatype, place);
    case 'BYTES':
      return convertTexts(values, place);
    case 'UINT8':
    case 'UINT16':
    case 'UINT32':
    case 'INT8':
    case 'INT16':
    case 'INT32':
      return convertIntegers(values, datatype, place);
  }
}

/** Refuses one element of a tensor. */
export function refuseElement(
  { place, index, value }: { place: string; index: number; value: unknown },
  wanted: string,
): never {
  refuse(`${place}[${index}]`, `is ${show(value)}; ${wanted}.`);
}

function convertBooleans(values: Values, place: string): Uint8Array {
  const out = new Uint8Array(values.length);
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index];
    // Clients send 0 and 1 as well as true and false; both say the same.
    if (value === true || value === 1) out[index] = 1;
    else if (value !== false && value !== 0) refuseElement({ place, index, value }, 'BOOL takes true and false');
  }
  return out;
}

/** Whole numbers in the range of their type. */
export function convertIntegers(values: Values, datatype: IntegerType, place: string): TensorData {
  const { min, max } = DATATYPES[datatype];
  const out = allocate(datatype, values.length) as Int32Array;
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index];
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
      refuseElement({ place, index, value }, `${datatype} takes whole numbers from ${min} to ${max}`);
    }
    out[index] = value;
  }
  return out;
}

/** Integers of 64 bits, every digit kept. */
export function convertBigIntegers(values: Values, datatype: 'INT64' | 'UINT64', place: string): TensorData {
  const { min, max } = DATATYPES[datatype];
  const out = allocate(datatype, values.length) as BigInt64Array;
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index];
    const isExact = typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value));
    const integer = isExact ? BigInt(value) : undefined;
    if (integer === undefined || integer < min || integer > max) {
      refuseElement(
        { place, index, value },
        `${datatype} takes whole numbers from ${min} to ${max}, written without fraction or exponent`,
      );
    }
    out[index] = integer;
  }
  return out;
}

function convertFloats(values: Values, datatype: 'FP16' | 'FP32' | 'FP64', place: string): TensorData {
  // Read from the bytes, and checked there.
  if (datatype === 'FP32' && values instanceof Float32Array) return values;
  const out = datatype === 'FP32' ? new Float32Array(values.length) : new Float64Array(values.length);
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index];
    const number = typeof value === 'bigint' ? Number(value) : value;
    if (typeof number !== 'number') refuseElement({ place, index, value }, `${datatype} takes numbers`);
    out[index] = number;
    if (!Number.isFinite(out[index])) refuseElement({ place, index, value }, `it is too large for ${datatype}`);
  }
  return datatype === 'FP16' ? convertHalves(out, place) : out;
}

function convertHalves(values: Float32Array | Float64Array, place: string): Uint16Array {
  return Uint16Array.from(values, (value, index) => {
    const bits = toFloat16Bits(value);
    const isInfinite = (bits & 0x7fff) === 0x7c00;
    return isInfinite ? refuseElement({ place, index, value }, 'it is too large for FP16') : bits;
  });
}

function convertTexts(values: Values, place: string): string[] {
  const texts = Array.from(values);
  texts.forEach((value, index) => checkText(value, `${place}[${index}]`));
  return texts as string[];
}

/** Refuses what is no text, and what the engine would silently change. */
export function checkText(value: unknown, place: string): void {
  if (typeof value !== 'string') refuse(place, `is ${show(value)}; BYTES takes strings in JSON.`);
  // The engine would silently cut the text there.
  if (value.includes('\0')) refuse(place, `is ${show(value)}; the model cannot take text with a NUL character in it.`);
  if (!value.isWellFormed()) refuse(place, `is ${show(value)}; it holds half of a surrogate pair, which is not text.`);
}
