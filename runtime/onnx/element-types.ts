import type { Datatype } from '../protocol/datatype.ts';

/** Element types by their number in ONNX; those without a V2 data type are named only. */
const ELEMENT_TYPES: Readonly<Record<number, { name: string; datatype?: Datatype }>> = {
  1: { name: 'float', datatype: 'FP32' },
  2: { name: 'uint8', datatype: 'UINT8' },
  3: { name: 'int8', datatype: 'INT8' },
  4: { name: 'uint16', datatype: 'UINT16' },
  5: { name: 'int16', datatype: 'INT16' },
  6: { name: 'int32', datatype: 'INT32' },
  7: { name: 'int64', datatype: 'INT64' },
  8: { name: 'string', datatype: 'BYTES' },
  9: { name: 'bool', datatype: 'BOOL' },
  10: { name: 'float16', datatype: 'FP16' },
  11: { name: 'double', datatype: 'FP64' },
  12: { name: 'uint32', datatype: 'UINT32' },
  13: { name: 'uint64', datatype: 'UINT64' },
  14: { name: 'complex64' },
  15: { name: 'complex128' },
  16: { name: 'bfloat16' },
  17: { name: 'float8e4m3fn' },
  18: { name: 'float8e4m3fnuz' },
  19: { name: 'float8e5m2' },
  20: { name: 'float8e5m2fnuz' },
  21: { name: 'uint4' },
  22: { name: 'int4' },
  23: { name: 'float4e2m1' },
};

/** The V2 data type of an ONNX element type; undefined when V2 has none. */
export const datatypeOfElement = (elementType: number): Datatype | undefined => ELEMENT_TYPES[elementType]?.datatype;

/** The name of an ONNX element type, for messages. */
export const elementTypeName = (elementType: number): string =>
  ELEMENT_TYPES[elementType]?.name ?? `type ${elementType}`;
