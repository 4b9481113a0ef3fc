import { expect, test } from '@jest/globals';
import { findMismatch, isClose } from './compare-golden.ts';
import { parseGolden, prepareExample } from './golden.ts';
import type { Tensor } from './tensor.ts';

const tensor = (more: object = {}) => ({ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2], ...more });
const example = (more: object = {}) => ({
  name: 'first',
  request: { inputs: [tensor()] },
  response: { outputs: [tensor({ name: 'y' })] },
  ...more,
});
const file = (...examples: object[]) => JSON.stringify({ examples });
const model = {
  inputs: [{ name: 'x', datatype: 'FP32' as const, shape: [-1] }],
  outputs: [{ name: 'y', datatype: 'FP32' as const, shape: [-1] }],
};
const firstOf = (text: string) => {
  const [first] = parseGolden(text);
  if (first === undefined) throw new Error('no example');
  return first;
};

test('tolerance comes from the example, else from the file, else the default', () => {
  const text = JSON.stringify({
    tolerance: { relative: 0.5 },
    examples: [example(), example({ tolerance: { absolute: 1 } })],
  });
  expect(parseGolden(text).map(({ tolerance }) => tolerance)).toEqual([
    { relative: 0.5, absolute: 1e-5 },
    { relative: 0.5, absolute: 1 },
  ]);
  expect(firstOf(file(example())).tolerance).toEqual({ relative: 1e-4, absolute: 1e-5 });
});

test.each([
  { name: 'no JSON', text: 'x', says: 'not JSON' },
  { name: 'no examples', text: '{}', says: 'list "examples"' },
  { name: 'an empty list', text: file(), says: 'empty' },
  { name: 'an example without a response', text: file(example({ response: undefined })), says: 'examples[0].response' },
  { name: 'an example without a request', text: file(example({ request: undefined })), says: 'examples[0].request' },
  {
    name: 'no output',
    text: file(example({ response: { outputs: [] } })),
    says: 'examples[0].response.outputs is empty',
  },
  {
    name: 'a value of the wrong type',
    text: file(example(), example({ response: { outputs: [tensor({ data: [1, 'b'] })] } })),
    says: 'examples[1].response.outputs[0].data[1]',
  },
  {
    name: 'a negative tolerance',
    text: file(example({ tolerance: { relative: -1 } })),
    says: 'examples[0].tolerance.relative',
  },
])('a file with $name is invalid, and the place is named', ({ text, says }) => {
  expect(() => parseGolden(text)).toThrow(
    expect.objectContaining({ reason: 'GoldenInvalid', message: expect.stringContaining(says) }),
  );
});

test.each([
  {
    name: 'an input that the model lacks',
    given: example({ request: { inputs: [tensor({ name: 'z' })] } }),
    says: 'the model takes "x"',
  },
  {
    name: 'an output that the model lacks',
    given: example({ response: { outputs: [tensor({ name: 'q' })] } }),
    says: 'the model gives y',
  },
  {
    name: 'another data type than the model gives',
    given: example({ response: { outputs: [tensor({ name: 'y', datatype: 'INT64' })] } }),
    says: 'expects INT64 for "y"; the model gives FP32',
  },
])('an example with $name does not suit the model', ({ given, says }) => {
  const read = firstOf(file(given));
  expect(() => prepareExample(read, model)).toThrow(
    expect.objectContaining({ reason: 'GoldenInvalid', message: expect.stringContaining(says) }),
  );
});

test.each([
  { got: 1, want: 1, close: true },
  { got: 1.00009, want: 1, close: true },
  { got: 1.0002, want: 1, close: false },
  { got: 0.000009, want: 0, close: true },
  { got: 0.00002, want: 0, close: false },
  { got: NaN, want: 1, close: false },
  { got: NaN, want: NaN, close: false },
  { got: Infinity, want: 1, close: false },
  { got: Infinity, want: Infinity, close: true },
])('$got is near $want: $close', ({ got, want, close }) => {
  expect(isClose(got, want, { relative: 1e-4, absolute: 1e-5 })).toBe(close);
});

const answer = (data: Float32Array, shape = [data.length]): Tensor[] => [{ name: 'y', datatype: 'FP32', shape, data }];

test.each([
  { name: 'the right answer', got: answer(Float32Array.of(1, 2)), want: undefined },
  { name: 'a wrong element', got: answer(Float32Array.of(1, 3)), want: 'is 3 at element 1, want 2' },
  { name: 'NaN', got: answer(Float32Array.of(NaN, 2)), want: 'is NaN at element 0, want 1' },
  { name: 'another shape', got: answer(Float32Array.of(1, 2), [1, 2]), want: 'has shape [1, 2], want [2]' },
  { name: 'no answer', got: [], want: 'is missing' },
])('$name is judged', ({ got, want }) => {
  expect(findMismatch(firstOf(file(example())), got)?.problem).toBe(want);
});

test('large integers are compared digit by digit', () => {
  const text = file(example()).replaceAll(
    '"name":"y","datatype":"FP32","shape":[2],"data":[1,2]',
    '"name":"y","datatype":"INT64","shape":[1],"data":[9007199254740993]',
  );
  const got = (value: bigint): Tensor[] => [
    { name: 'y', datatype: 'INT64', shape: [1], data: BigInt64Array.of(value) },
  ];
  expect(findMismatch(firstOf(text), got(9007199254740993n))).toBeUndefined();
  expect(findMismatch(firstOf(text), got(9007199254740992n))?.problem).toContain('want 9007199254740993');
});
