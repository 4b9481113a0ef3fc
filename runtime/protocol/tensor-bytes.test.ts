import { describe, expect, test } from '@jest/globals';
import { classify } from './classification.ts';
import { convertRaw } from './convert-raw.ts';
import { convertTyped } from './convert-typed.ts';
import type { Datatype } from './datatype.ts';
import { splitTexts, tensorBytes } from './tensor-bytes.ts';
import type { TensorData } from './tensor.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
/** The same bytes on a boundary that suits no type. */
function unaligned(bytes: Uint8Array): Uint8Array {
  const shifted = new Uint8Array(bytes.byteLength + 1);
  shifted.set(bytes, 1);
  return shifted.subarray(1);
}
const raw = (datatype: Datatype, bytes: Uint8Array, ...shape: number[]) =>
  convertRaw(bytes, {
    datatype,
    shape,
    expected: shape.reduce((product, size) => product * size, 1),
    place: 'inputs[0]',
  });

const CASES: readonly { datatype: Datatype; bytes: Buffer; data: TensorData }[] = [
  { datatype: 'BOOL', bytes: hex('01 00'), data: Uint8Array.of(1, 0) },
  { datatype: 'UINT8', bytes: hex('00 ff'), data: Uint8Array.of(0, 255) },
  { datatype: 'INT8', bytes: hex('80 7f'), data: Int8Array.of(-128, 127) },
  { datatype: 'UINT16', bytes: hex('0100 ffff'), data: Uint16Array.of(1, 65_535) },
  { datatype: 'INT16', bytes: hex('0080 ff7f'), data: Int16Array.of(-32_768, 32_767) },
  { datatype: 'UINT32', bytes: hex('01000000 ffffffff'), data: Uint32Array.of(1, 4_294_967_295) },
  { datatype: 'INT32', bytes: hex('00000080 ffffff7f'), data: Int32Array.of(-2_147_483_648, 2_147_483_647) },
  {
    datatype: 'UINT64',
    bytes: hex('0100000000000000 ffffffffffffffff'),
    data: BigUint64Array.of(1n, 18_446_744_073_709_551_615n),
  },
  {
    datatype: 'INT64',
    bytes: hex('0000000000000080 ffffffffffffff7f'),
    data: BigInt64Array.of(-9_223_372_036_854_775_808n, 9_223_372_036_854_775_807n),
  },
  { datatype: 'FP16', bytes: hex('003c 017c'), data: Uint16Array.of(0x3c00, 0x7c01) },
  { datatype: 'FP32', bytes: hex('00000080 0000807f'), data: Float32Array.of(-0, Infinity) },
  { datatype: 'FP64', bytes: hex('0100000000000000 000000000000f0ff'), data: Float64Array.of(5e-324, -Infinity) },
  { datatype: 'BYTES', bytes: hex('00000000 04000000 f09fa68a'), data: ['', '🦊'] },
];

test.each(CASES)('$datatype as bytes, little-endian, both ways and on any boundary', ({ datatype, bytes, data }) => {
  expect(raw(datatype, bytes, 2)).toEqual(data);
  expect(raw(datatype, unaligned(bytes), 2)).toEqual(data);
  expect(Buffer.from(tensorBytes({ data }))).toEqual(bytes);
});

test('the bits of NaN stay as they are', () => {
  const bytes = hex('0100c07f 0000c0ff');
  expect(Buffer.from(tensorBytes({ data: raw('FP32', bytes, 2) }))).toEqual(bytes);
});

test('part of a tensor gives the bytes of that part only', () => {
  const data = Float32Array.of(1, 2, 3).subarray(1, 2);
  expect(Buffer.from(tensorBytes({ data }))).toEqual(hex('00000040'));
});

test.each<{ name: string; datatype: Datatype; bytes: Uint8Array; shape: number[]; says: string }>([
  {
    name: 'too few bytes',
    datatype: 'FP32',
    bytes: Buffer.alloc(7),
    shape: [2],
    says: 'has 7 bytes, but FP32 of shape [2] needs 8',
  },
  { name: 'too many bytes', datatype: 'INT8', bytes: Buffer.alloc(3), shape: [2], says: 'has 3 bytes' },
  { name: 'a boolean of 2', datatype: 'BOOL', bytes: hex('01 02'), shape: [2], says: 'inputs[0][1] is the byte 2' },
  {
    name: 'a text longer than the rest',
    datatype: 'BYTES',
    bytes: hex('05000000 61'),
    shape: [1],
    says: 'lengths that do not add up',
  },
  {
    name: 'a text of 4 GiB',
    datatype: 'BYTES',
    bytes: hex('ffffffff 61'),
    shape: [1],
    says: 'lengths that do not add up',
  },
  {
    name: 'half a length',
    datatype: 'BYTES',
    bytes: hex('00000000 0000'),
    shape: [1],
    says: 'lengths that do not add up',
  },
  {
    name: 'a text too many',
    datatype: 'BYTES',
    bytes: Buffer.alloc(8),
    shape: [1],
    says: 'has 2 texts, but shape [1] needs 1',
  },
  { name: 'no text', datatype: 'BYTES', bytes: Buffer.alloc(0), shape: [1], says: 'has 0 texts' },
  { name: 'NUL in a text', datatype: 'BYTES', bytes: hex('03000000 610062'), shape: [1], says: 'NUL' },
  {
    name: 'bytes that are not UTF-8',
    datatype: 'BYTES',
    bytes: hex('01000000 ff'),
    shape: [1],
    says: 'inputs[0][0] is not UTF-8',
  },
  { name: 'a surrogate in UTF-8', datatype: 'BYTES', bytes: hex('03000000 eda080'), shape: [1], says: 'not UTF-8' },
  { name: 'an overlong NUL', datatype: 'BYTES', bytes: hex('02000000 c080'), shape: [1], says: 'not UTF-8' },
])('$name is refused', ({ datatype, bytes, shape, says }) => {
  expect(() => raw(datatype, bytes, ...shape)).toThrow(
    expect.objectContaining({ code: 'InvalidRequest', message: expect.stringContaining(says) }),
  );
});

test('a byte order mark in a text is kept', () => {
  expect(raw('BYTES', hex('03000000 efbbbf'), 1)).toEqual(['\ufeff']);
});

test('texts with lengths are taken apart without reading beyond them', () => {
  expect(splitTexts(Buffer.alloc(0))).toEqual([]);
  expect(splitTexts(hex('01000000'))).toBeUndefined();
});

describe('typed contents of gRPC', () => {
  const convert = (datatype: Datatype, field: string, values: readonly unknown[]) =>
    convertTyped({ kind: 'typed', field, values }, datatype, 'inputs[0].contents');

  test.each<{ datatype: Datatype; field: string; values: unknown[]; data: TensorData }>([
    { datatype: 'BOOL', field: 'bool_contents', values: [true, false], data: Uint8Array.of(1, 0) },
    { datatype: 'INT8', field: 'int_contents', values: [-128, 127], data: Int8Array.of(-128, 127) },
    { datatype: 'UINT16', field: 'uint_contents', values: [65_535], data: Uint16Array.of(65_535) },
    { datatype: 'INT64', field: 'int64_contents', values: [-(2n ** 63n)], data: BigInt64Array.of(-(2n ** 63n)) },
    { datatype: 'UINT64', field: 'uint64_contents', values: [2n ** 64n - 1n], data: BigUint64Array.of(2n ** 64n - 1n) },
    { datatype: 'FP32', field: 'fp32_contents', values: [NaN, -Infinity], data: Float32Array.of(NaN, -Infinity) },
    { datatype: 'FP64', field: 'fp64_contents', values: [1e300], data: Float64Array.of(1e300) },
    { datatype: 'BYTES', field: 'bytes_contents', values: [Buffer.from('süß')], data: ['süß'] },
  ])('$datatype', ({ datatype, field, values, data }) => {
    expect(convert(datatype, field, values)).toEqual(data);
  });

  test.each<{ name: string; datatype: Datatype; field: string; values: unknown[]; says: string }>([
    { name: 'FP16', datatype: 'FP16', field: 'fp32_contents', values: [1], says: 'raw_input_contents' },
    {
      name: 'the wrong field',
      datatype: 'FP32',
      field: 'fp64_contents',
      values: [1],
      says: 'FP32 belongs in fp32_contents',
    },
    { name: 'an INT8 that overflows', datatype: 'INT8', field: 'int_contents', values: [128], says: '[0] is 128' },
    {
      name: 'bytes that are not UTF-8',
      datatype: 'BYTES',
      field: 'bytes_contents',
      values: [hex('ff')],
      says: 'not UTF-8',
    },
    { name: 'NUL in a text', datatype: 'BYTES', field: 'bytes_contents', values: [hex('6100')], says: 'NUL' },
  ])('$name is refused', ({ datatype, field, values, says }) => {
    expect(() => convert(datatype, field, values)).toThrow(says);
  });
});

describe('classification', () => {
  const scores = (shape: number[], ...values: number[]) => ({
    name: 'y',
    datatype: 'FP32' as const,
    shape,
    data: Float32Array.from(values),
  });
  test.each([
    { name: 'the best two of a vector', output: scores([3], 1, 3, 2), count: 2, shape: [2], data: ['3:1:b', '2:2'] },
    {
      name: 'each row of a batch',
      output: scores([2, 2], 1, 2, 4, 3),
      count: 1,
      shape: [2, 1],
      data: ['2:1:b', '4:0:a'],
    },
    {
      name: 'more than there are',
      output: scores([1, 2], 0.5, 0.25),
      count: 9,
      shape: [1, 2],
      data: ['0.5:0:a', '0.25:1:b'],
    },
    {
      name: 'equal scores in the order of the classes',
      output: scores([3], 1, 1, 1),
      count: 3,
      shape: [3],
      data: ['1:0:a', '1:1:b', '1:2'],
    },
    { name: 'an empty batch', output: scores([0, 3]), count: 2, shape: [0, 2], data: [] },
    {
      name: 'half precision',
      output: { name: 'y', datatype: 'FP16' as const, shape: [2], data: Uint16Array.of(0x3800, 0x3c00) },
      count: 1,
      shape: [1],
      data: ['1:1:b'],
    },
    {
      name: 'integers of 64 bits',
      output: { name: 'y', datatype: 'INT64' as const, shape: [2], data: BigInt64Array.of(7n, -1n) },
      count: 1,
      shape: [1],
      data: ['7:0:a'],
    },
  ])('$name', ({ output, count, shape, data }) => {
    expect(classify(output, count, ['a', 'b'])).toEqual({ name: 'y', datatype: 'BYTES', shape, data });
  });

  test('NaN is never the best', () => {
    expect(classify(scores([4], 1, NaN, 3, 2), 2).data).toEqual(['3:2', '2:3']);
  });

  test.each([
    { name: 'texts', output: { name: 'y', datatype: 'BYTES' as const, shape: [1], data: ['a'] } },
    { name: 'booleans', output: { name: 'y', datatype: 'BOOL' as const, shape: [1], data: Uint8Array.of(1) } },
  ])('$name have no scores', ({ output }) => {
    expect(() => classify(output, 1)).toThrow('outputs "y"');
  });
});
