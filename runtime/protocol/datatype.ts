/** Data types of Open Inference V2, with how their elements are kept in memory. */
export const DATATYPES = {
  BOOL: { bytes: 1, family: 'bool' },
  UINT8: { bytes: 1, family: 'integer', min: 0, max: 255 },
  UINT16: { bytes: 2, family: 'integer', min: 0, max: 65_535 },
  UINT32: { bytes: 4, family: 'integer', min: 0, max: 4_294_967_295 },
  UINT64: { bytes: 8, family: 'big', min: 0n, max: 18_446_744_073_709_551_615n },
  INT8: { bytes: 1, family: 'integer', min: -128, max: 127 },
  INT16: { bytes: 2, family: 'integer', min: -32_768, max: 32_767 },
  INT32: { bytes: 4, family: 'integer', min: -2_147_483_648, max: 2_147_483_647 },
  INT64: { bytes: 8, family: 'big', min: -9_223_372_036_854_775_808n, max: 9_223_372_036_854_775_807n },
  FP16: { bytes: 2, family: 'float' },
  FP32: { bytes: 4, family: 'float' },
  FP64: { bytes: 8, family: 'float' },
  BYTES: { bytes: 0, family: 'text' },
} as const;
export type Datatype = keyof typeof DATATYPES;

/** True for the name of a V2 data type. */
export const isDatatype = (name: unknown): name is Datatype =>
  typeof name === 'string' && Object.hasOwn(DATATYPES, name);

/** True for data types whose values are compared with a tolerance. */
export const isFloat = (datatype: Datatype): boolean => DATATYPES[datatype].family === 'float';
