import type { Datatype } from './datatype.ts';

/** The elements of a tensor, row-major. FP16 is kept as its 16 bits, BOOL as 0 and 1, BYTES as strings. */
export type TensorData =
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Float32Array
  | Float64Array
  | string[];

/** A tensor with its name. */
export interface Tensor {
  name: string;
  datatype: Datatype;
  shape: readonly number[];
  data: TensorData;
}

/** What a model says about one of its inputs or outputs; -1 in the shape stands for any size. */
export interface TensorSpec {
  name: string;
  datatype: Datatype;
  shape: readonly number[];
}

/** How many elements a shape has. */
export const elementCount = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** An array of zeros for a data type. */
// oxlint-disable-next-line complexity -- one line a data type
export function allocate(datatype: Datatype, length: number): TensorData {
  switch (datatype) {
    case 'BOOL':
    case 'UINT8':
      return new Uint8Array(length);
    case 'FP16':
    case 'UINT16':
      return new Uint16Array(length);
    case 'UINT32':
      return new Uint32Array(length);
    case 'UINT64':
      return new BigUint64Array(length);
    case 'INT8':
      return new Int8Array(length);
    case 'INT16':
      return new Int16Array(length);
    case 'INT32':
      return new Int32Array(length);
    case 'INT64':
      return new BigInt64Array(length);
    case 'FP32':
      return new Float32Array(length);
    case 'FP64':
      return new Float64Array(length);
    case 'BYTES':
      return Array.from({ length }, () => '');
  }
}
