import type { Datatype } from '../protocol/datatype.ts';

/** Element types as onnxruntime names them, and their V2 data types. */
const BY_ENGINE_NAME: Readonly<Record<string, Datatype>> = {
  bool: 'BOOL',
  uint8: 'UINT8',
  uint16: 'UINT16',
  uint32: 'UINT32',
  uint64: 'UINT64',
  int8: 'INT8',
  int16: 'INT16',
  int32: 'INT32',
  int64: 'INT64',
  float16: 'FP16',
  float32: 'FP32',
  float64: 'FP64',
  string: 'BYTES',
};
const BY_DATATYPE = Object.fromEntries(Object.entries(BY_ENGINE_NAME).map(([name, datatype]) => [datatype, name]));

/** The V2 data type of an element type of the engine; undefined when V2 has none. */
export const datatypeOf = (engineType: string): Datatype | undefined => BY_ENGINE_NAME[engineType];

/** The engine's name of a V2 data type. */
export const engineTypeOf = (datatype: Datatype): string => BY_DATATYPE[datatype] ?? datatype;
