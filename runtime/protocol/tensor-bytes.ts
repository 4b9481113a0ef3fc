import { DATATYPES } from './datatype.ts';
import type { Datatype } from './datatype.ts';
import type { Tensor, TensorData } from './tensor.ts';

/** A machine that is not little-endian would need every element turned round; Node runs on none today. */
const VIEWS = {
  BOOL: Uint8Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  FP16: Uint16Array,
  FP32: Float32Array,
  FP64: Float64Array,
} as const;

const LENGTH_BYTES = 4;

/** The bytes of a tensor as the binary extension has them: little-endian, row-major; texts with 4-byte lengths. Nothing is copied but texts. */
export function tensorBytes({ data }: Pick<Tensor, 'data'>): Uint8Array {
  if (Array.isArray(data)) return textBytes(data);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function textBytes(texts: readonly string[]): Buffer {
  let size = 0;
  for (const text of texts) size += LENGTH_BYTES + Buffer.byteLength(text);
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  for (const text of texts) {
    const length = bytes.write(text, at + LENGTH_BYTES);
    bytes.writeUInt32LE(length, at);
    at += LENGTH_BYTES + length;
  }
  return bytes;
}

/** Bytes seen as elements of a data type other than BYTES; copied only where they do not lie on the boundary that the type needs. */
export function viewBytes(datatype: Exclude<Datatype, 'BYTES'>, bytes: Uint8Array): Exclude<TensorData, string[]> {
  const size = DATATYPES[datatype].bytes;
  const aligned = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  return new VIEWS[datatype](aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength / size);
}

/** Takes apart texts with 4-byte lengths; undefined when the lengths do not add up. */
export function splitTexts(bytes: Uint8Array): Uint8Array[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const texts: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.byteLength) {
    if (at + LENGTH_BYTES > bytes.byteLength) return undefined;
    const end = at + LENGTH_BYTES + view.getUint32(at, true);
    if (end > bytes.byteLength) return undefined;
    texts.push(bytes.subarray(at + LENGTH_BYTES, end));
    at = end;
  }
  return texts;
}
