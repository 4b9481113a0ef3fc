import { ApiError } from '../errors.ts';
import { isFloat } from './datatype.ts';
import { fromFloat16Bits } from './float16.ts';
import type { Tensor } from './tensor.ts';

/** Writes one output tensor as JSON text. JSON has no NaN and no infinity: such an output is refused, never turned into null. */
export function encodeTensor(tensor: Tensor): string {
  const { name, datatype, shape } = tensor;
  const head = `{"name":${JSON.stringify(name)},"datatype":"${datatype}","shape":[${shape.join(',')}],"data":`;
  return `${head}${encodeData(tensor)}}`;
}

function encodeData(tensor: Tensor): string {
  const { datatype, data } = tensor;
  if (Array.isArray(data)) return JSON.stringify(data);
  if (datatype === 'BOOL')
    return `[${Array.from(data as Uint8Array, (bit) => (bit === 0 ? 'false' : 'true')).join(',')}]`;
  if (!isFloat(datatype)) return `[${data.join(',')}]`;
  const floats = datatype === 'FP16' ? Float64Array.from(data as Uint16Array, fromFloat16Bits) : (data as Float32Array);
  return encodeFloats(tensor, floats);
}

function encodeFloats({ name }: Tensor, values: Float32Array | Float64Array): string {
  let hasNegativeZero = false;
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] ?? 0;
    if (!Number.isFinite(value)) {
      throw new ApiError(
        'OutputNotRepresentable',
        `outputs "${name}" has ${value} at element ${index}, which JSON cannot carry; ask for it with binary_data, or use gRPC.`,
      );
    }
    if (value === 0 && Object.is(value, -0)) hasNegativeZero = true;
  }
  if (!hasNegativeZero) return `[${values.join(',')}]`;
  // "-0" would be an integer to many parsers, which has no sign when it is zero.
  return `[${Array.from(values, (value) => (Object.is(value, -0) ? '-0.0' : String(value))).join(',')}]`;
}
