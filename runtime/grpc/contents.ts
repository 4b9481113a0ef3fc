import { CONTENTS_FIELD } from '../protocol/convert-typed.ts';
import { isDatatype } from '../protocol/datatype.ts';
import type { Tensor, TensorData } from '../protocol/tensor.ts';
import type { TensorSource } from '../protocol/v2-request.ts';
import { refuse } from '../protocol/v2-request.ts';
import type { Long } from './messages.ts';
import { toLong } from './messages.ts';

/** The typed contents of a tensor; the field that suits the data type holds the elements. */
export interface TensorContents {
  bool_contents?: ArrayLike<boolean | number>;
  int_contents?: ArrayLike<number>;
  int64_contents?: readonly Long[];
  uint_contents?: ArrayLike<number>;
  uint64_contents?: readonly Long[];
  fp32_contents?: ArrayLike<number>;
  fp64_contents?: ArrayLike<number>;
  bytes_contents?: readonly Uint8Array[];
}

const ALL_FIELDS = [...new Set(Object.values(CONTENTS_FIELD))];

const hasForm = (datatype: string): datatype is keyof typeof CONTENTS_FIELD =>
  isDatatype(datatype) && datatype !== 'FP16';

/** The elements of an input that came in typed contents; whether the field suits the data type is checked with the elements. */
export function readContents(contents: TensorContents | null, datatype: string, place: string): TensorSource {
  const filled = contents === null ? [] : ALL_FIELDS.filter((field) => (contents[field]?.length ?? 0) > 0);
  if (filled.length > 1)
    refuse(`${place}.contents`, `has both ${filled.slice(0, 2).join(' and ')}; send the field that suits ${datatype}.`);
  const field = filled[0] ?? (hasForm(datatype) ? CONTENTS_FIELD[datatype] : 'contents');
  const values = contents === null || field === 'contents' ? [] : (contents[field] ?? []);
  if (field === 'int64_contents')
    return { kind: 'typed', field, values: new BigInt64Array(joinLongs(values as Long[])) };
  if (field === 'uint64_contents')
    return { kind: 'typed', field, values: new BigUint64Array(joinLongs(values as Long[])) };
  return { kind: 'typed', field, values: values as unknown[] };
}

function joinLongs(values: readonly Long[]): ArrayBuffer {
  const halves = new Int32Array(values.length * 2);
  for (let index = 0; index < values.length; index += 1) {
    const { low, high } = values[index] as Long;
    halves[2 * index] = low;
    halves[2 * index + 1] = high;
  }
  return halves.buffer;
}

/** An output in typed contents; undefined for FP16, which has no typed form. */
export function writeContents({ datatype, data }: Tensor): TensorContents | undefined {
  return datatype === 'FP16' ? undefined : { [CONTENTS_FIELD[datatype]]: toElements(data) };
}

function toElements(data: TensorData): unknown {
  if (data instanceof BigInt64Array) return Array.from(data, (value) => toLong(value, false));
  if (data instanceof BigUint64Array) return Array.from(data, (value) => toLong(value, true));
  return Array.isArray(data) ? data.map((text) => Buffer.from(text)) : data;
}
