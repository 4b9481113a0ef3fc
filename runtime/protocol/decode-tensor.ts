import type { Datatype } from './datatype.ts';
import { DATATYPES, isDatatype } from './datatype.ts';
import { toFloat16Bits } from './float16.ts';
import type { Tensor, TensorData } from './tensor.ts';
import { allocate, elementCount } from './tensor.ts';
import type { JsonTensor } from './v2-request.ts';
import { refuse, show } from './v2-request.ts';

/** Turns a tensor of a JSON body into a typed one; every element is checked and kept exactly, or refused. */
export function decodeTensor(json: JsonTensor): Tensor {
  const { name, datatype, shape, place } = json;
  if (!isDatatype(datatype)) {
    refuse(`${place}.datatype`, `is ${show(datatype)}; the data types are ${Object.keys(DATATYPES).join(', ')}.`);
  }
  const values = flatten(json);
  const expected = elementCount(shape);
  if (values.length !== expected) {
    refuse(
      `${place}.data`,
      `has ${values.length} elements, but shape [${shape.join(', ')}] needs ${expected}; make them agree.`,
    );
  }
  return { name, datatype, shape, data: convert(values, datatype, `${place}.data`) };
}

/** Data may be nested as the shape says, or flat. Depth is bounded by the rank, so nothing recurses deeply. */
function flatten({ data, shape, place }: JsonTensor): unknown[] {
  if (!Array.isArray(data[0])) return data;
  let level: unknown[] = data;
  for (let depth = 0; depth < shape.length; depth += 1) {
    if (level.length !== elementCount(shape.slice(0, depth + 1))) {
      refuse(`${place}.data`, `is not nested as shape [${shape.join(', ')}] says; nest it so, or send it flat.`);
    }
    if (depth === shape.length - 1) return level;
    if (!level.every(Array.isArray))
      refuse(`${place}.data`, 'mixes lists and values on one level; nest it evenly, or send it flat.');
    level = level.flat(1);
  }
  return level;
}

type IntegerType = 'UINT8' | 'UINT16' | 'UINT32' | 'INT8' | 'INT16' | 'INT32';

// oxlint-disable-next-line complexity -- one line a data type
function convert(values: unknown[], datatype: Datatype, place: string): TensorData {
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

function refuseElement(
  { place, index, value }: { place: string; index: number; value: unknown },
  wanted: string,
): never {
  refuse(`${place}[${index}]`, `is ${show(value)}; ${wanted}.`);
}

function convertBooleans(values: unknown[], place: string): Uint8Array {
  const out = new Uint8Array(values.length);
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index];
    // Clients send 0 and 1 as well as true and false; both say the same.
    if (value === true || value === 1) out[index] = 1;
    else if (value !== false && value !== 0) refuseElement({ place, index, value }, 'BOOL takes true and false');
  }
  return out;
}

function convertIntegers(values: unknown[], datatype: IntegerType, place: string): TensorData {
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

function convertBigIntegers(values: unknown[], datatype: 'INT64' | 'UINT64', place: string): TensorData {
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

function convertFloats(values: unknown[], datatype: 'FP16' | 'FP32' | 'FP64', place: string): TensorData {
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

function convertTexts(values: unknown[], place: string): string[] {
  values.forEach((value, index) => {
    if (typeof value !== 'string') refuseElement({ place, index, value }, 'BYTES takes strings in JSON');
    // The engine would silently cut the text there.
    if (value.includes('\0'))
      refuseElement({ place, index, value }, 'the model cannot take text with a NUL character in it');
    if (!value.isWellFormed())
      refuseElement({ place, index, value }, 'it holds half of a surrogate pair, which is not text');
  });
  return values as string[];
}
