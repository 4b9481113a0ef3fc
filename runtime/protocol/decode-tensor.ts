import { ApiError } from '../errors.ts';
import type { Datatype } from './datatype.ts';
import { DATATYPES, isDatatype } from './datatype.ts';
import { convertRaw } from './convert-raw.ts';
import { convertTyped } from './convert-typed.ts';
import { convertValues } from './convert-values.ts';
import type { Tensor, TensorData } from './tensor.ts';
import { elementCount } from './tensor.ts';
import type { RequestTensor } from './v2-request.ts';
import { refuse, show } from './v2-request.ts';

const MAX_ELEMENTS = 2 ** 31 - 1;

/** Turns a tensor of a request into a typed one; every element is checked and kept exactly, or refused. */
export function decodeTensor(given: RequestTensor): Tensor {
  const { name, datatype, shape, place } = given;
  if (!isDatatype(datatype)) refuseDatatype(datatype, place);
  const expected = elementCount(shape);
  if (expected > MAX_ELEMENTS || shape.some((size) => size > MAX_ELEMENTS))
    refuse(`${place}.shape`, `is [${shape.join(', ')}], which is more than a tensor may hold; send fewer elements.`);
  return { name, datatype, shape, data: convert(given, datatype, expected) };
}

function refuseDatatype(datatype: string, place: string): never {
  const also = datatype === 'BF16' ? ' BF16 is not supported by the engine; export the model with FP32 or FP16.' : '';
  refuse(`${place}.datatype`, `is ${show(datatype)}; the data types are ${Object.keys(DATATYPES).join(', ')}.${also}`);
}

function convert({ source, shape, place }: RequestTensor, datatype: Datatype, expected: number): TensorData {
  switch (source.kind) {
    case 'json': {
      const values = flatten(source, shape, `${place}.data`);
      expectCount({ got: values.length, expected, shape, place: `${place}.data` });
      return convertValues(values, datatype, `${place}.data`);
    }
    case 'raw':
      return convertRaw(source.bytes, { datatype, shape, expected, place });
    case 'typed':
      expectCount({ got: source.values.length, expected, shape, place: `${place}.${source.field}` });
      return convertTyped(source, datatype, `${place}.${source.field}`);
    case 'ready':
      if ('message' in source.data) throw new ApiError(source.data.code, source.data.message);
      return source.data;
  }
}

interface Counted {
  got: number;
  expected: number;
  shape: readonly number[];
  place: string;
}

function expectCount({ got, expected, shape, place }: Counted): void {
  if (got === expected) return;
  refuse(place, `has ${got} elements, but shape [${shape.join(', ')}] needs ${expected}; make them agree.`);
}

type JsonSource = Extract<RequestTensor['source'], { kind: 'json' }>;

/** Data may be nested as the shape says, or flat. Depth is bounded by the rank, so nothing recurses deeply. */
function flatten({ values, nesting }: JsonSource, shape: readonly number[], place: string): ArrayLike<unknown> {
  const notNested = () =>
    refuse(place, `is not nested as shape [${shape.join(', ')}] says; nest it so, or send it flat.`);
  if (!Array.isArray(values)) {
    const isFlat = nesting === undefined || nesting.length === 1;
    if (!isFlat && nesting.join() !== shape.join()) notNested();
    return values as ArrayLike<unknown>;
  }
  if (!Array.isArray(values[0])) return values;
  let level: unknown[] = [...(values as unknown[])];
  for (let depth = 0; depth < shape.length; depth += 1) {
    if (level.length !== elementCount(shape.slice(0, depth + 1))) notNested();
    if (depth === shape.length - 1) return level;
    if (!level.every(Array.isArray))
      refuse(place, 'mixes lists and values on one level; nest it evenly, or send it flat.');
    level = level.flat(1);
  }
  return level;
}
