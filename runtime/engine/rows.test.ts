import { expect, test } from '@jest/globals';
import type { Tensor } from '../protocol/tensor.ts';
import { joinRows, rowsOf, splitRows } from './rows.ts';

const floats = (shape: number[], ...values: number[]): Tensor => ({
  name: 'x',
  datatype: 'FP32',
  shape,
  data: Float32Array.from(values),
});
const texts = (...data: string[]): Tensor => ({ name: 't', datatype: 'BYTES', shape: [data.length], data });

test('requests are put together row by row, in their order', () => {
  const requests = [
    [floats([1, 2], 1, 2), texts('a')],
    [floats([2, 2], 3, 4, 5, 6), texts('b', 'c')],
  ];
  expect(joinRows(requests)).toEqual([floats([3, 2], 1, 2, 3, 4, 5, 6), texts('a', 'b', 'c')]);
  expect(splitRows(joinRows(requests), requests.map(rowsOf))).toEqual(requests);
});

test('one request goes through untouched, whatever the shape of its answer', () => {
  const request = [floats([], 5)];
  expect(joinRows([request])).toBe(request);
  expect(splitRows(request, [7])).toEqual([request]);
  expect([rowsOf(request), rowsOf([])]).toEqual([1, 1]);
});

test('what was taken apart lies in the memory of the whole', () => {
  const whole = floats([3, 1], 1, 2, 3);
  const [, second] = splitRows([whole], [1, 2]);
  const part = second?.[0]?.data;
  expect(ArrayBuffer.isView(part) && part.buffer).toBe((whole.data as Float32Array).buffer);
});

test.each([
  { name: 'fewer rows than were sent', output: floats([1, 2], 1, 2) },
  { name: 'more rows than were sent', output: floats([4], 1, 2, 3, 4) },
  { name: 'no rows', output: floats([], 1) },
])('an answer with $name cannot be taken apart', ({ output }) => {
  expect(() => splitRows([output], [1, 2])).toThrow(expect.objectContaining({ kind: 'notBatchable' }));
});
