import type { Datatype } from '../protocol/datatype.ts';

/** V2 data types by the numbers that ONNX gives to element types (onnx.proto, TensorProto.DataType). */
const BY_NUMBER: readonly (Datatype | undefined)[] = [
  undefined,
  'FP32',
  'UINT8',
  'INT8',
  'UINT16',
  'INT16',
  'INT32',
  'INT64',
  'BYTES',
  'BOOL',
  'FP16',
  'FP64',
  'UINT32',
  'UINT64',
];

/** Names of element types that exist in ONNX and that the engine's binding cannot take or give. */
const OTHERS: Readonly<Record<number, string>> = {
  14: 'complex64',
  15: 'complex128',
  16: 'bfloat16',
  17: 'float8e4m3fn',
  18: 'float8e4m3fnuz',
  19: 'float8e5m2',
  20: 'float8e5m2fnuz',
  21: 'uint4',
  22: 'int4',
  23: 'float4e2m1',
};

const ENGINE_NAMES: Readonly<Record<Datatype, string>> = {
  BOOL: 'bool',
  UINT8: 'uint8',
  UINT16: 'uint16',
  UINT32: 'uint32',
  UINT64: 'uint64',
  INT8: 'int8',
  INT16: 'int16',
  INT32: 'int32',
  INT64: 'int64',
  FP16: 'float16',
  FP32: 'float32',
  FP64: 'float64',
  BYTES: 'string',
};

/** The V2 data type of an ONNX element type; undefined when the engine cannot pass it. */
export const datatypeOf = (elementType: number): Datatype | undefined => BY_NUMBER[elementType];

/** The name of an ONNX element type, for messages. */
export const elementTypeName = (elementType: number): string => OTHERS[elementType] ?? `element type ${elementType}`;

/** The engine's name of a V2 data type. */
export const engineTypeOf = (datatype: Datatype): string => ENGINE_NAMES[datatype];
