import { decodeText } from './convert-raw.ts';
import { convertBigIntegers, convertIntegers, refuseElement } from './convert-values.ts';
import type { Datatype } from './datatype.ts';
import type { TensorData } from './tensor.ts';
import type { TensorSource } from './v2-request.ts';
import { refuse, show } from './v2-request.ts';

/** Where gRPC keeps the typed contents of each data type (InferTensorContents); FP16 has none. */
export const CONTENTS_FIELD = {
  BOOL: 'bool_contents',
  INT8: 'int_contents',
  INT16: 'int_contents',
  INT32: 'int_contents',
  INT64: 'int64_contents',
  UINT8: 'uint_contents',
  UINT16: 'uint_contents',
  UINT32: 'uint_contents',
  UINT64: 'uint64_contents',
  FP32: 'fp32_contents',
  FP64: 'fp64_contents',
  BYTES: 'bytes_contents',
} as const satisfies Record<Exclude<Datatype, 'FP16'>, string>;

type Typed = Extract<TensorSource, { kind: 'typed' }>;

/** Typed contents of gRPC, checked and typed. NaN and infinities are carried as they are. */
// oxlint-disable-next-line complexity -- one line a data type
export function convertTyped({ field, values }: Typed, datatype: Datatype, place: string): TensorData {
  if (datatype === 'FP16') refuse(place, 'cannot carry FP16; send it in raw_input_contents.');
  if (values.length > 0 && field !== CONTENTS_FIELD[datatype])
    refuse(
      place,
      `is there, but ${datatype} belongs in ${CONTENTS_FIELD[datatype]}; send it there or as raw contents.`,
    );
  switch (datatype) {
    case 'BOOL':
      return Uint8Array.from(values as readonly boolean[], Number);
    case 'INT8':
    case 'INT16':
    case 'INT32':
    case 'UINT8':
    case 'UINT16':
    case 'UINT32':
      return convertIntegers(values, datatype, place);
    case 'INT64':
    case 'UINT64':
      return convertBigIntegers(values, datatype, place);
    case 'FP32':
      return values instanceof Float32Array ? values : Float32Array.from(values as readonly number[]);
    case 'FP64':
      return values instanceof Float64Array ? values : Float64Array.from(values as readonly number[]);
    case 'BYTES':
      return Array.from(values, (value, index) => asText(value, { place, index }));
  }
}

function asText(value: unknown, { place, index }: { place: string; index: number }): string {
  if (!(value instanceof Uint8Array)) refuseElement({ place, index, value: show(value) }, 'BYTES takes bytes');
  return decodeText(value, `${place}[${index}]`);
}
