import type { Tensor } from './example.ts';

/** A tensor's numbers as little-endian bytes. */
export function bytesOf({ datatype, data }: Tensor): Buffer {
  const values = datatype === 'FP32' ? new Float32Array(data) : BigInt64Array.from(data, BigInt);
  return Buffer.from(values.buffer);
}

/** Numbers from little-endian bytes. */
export function numbersOf(datatype: string, bytes: Uint8Array): number[] {
  const { buffer } = Uint8Array.from(bytes);
  return datatype === 'FP32' ? [...new Float32Array(buffer)] : Array.from(new BigInt64Array(buffer), Number);
}
