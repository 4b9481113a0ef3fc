import { expect, test } from '@jest/globals';
import type { Tensor } from '../../protocol/tensor.ts';
import { FrameReader, packRuns, unpackRuns, writeFrame } from './frame.ts';

const runs: Tensor[][] = [
  [
    { name: 'a', datatype: 'FP32', shape: [3], data: Float32Array.of(1, 2.5, -0) },
    { name: 'b', datatype: 'INT64', shape: [1, 1], data: BigInt64Array.of(2n ** 62n) },
  ],
  [{ name: 't', datatype: 'BYTES', shape: [2], data: ['', 'größe \0'] }],
];

function frames(count: number): Buffer {
  const { heads, parts } = packRuns(runs);
  return Buffer.concat(
    Array.from({ length: count }, (_, id) => Buffer.concat(writeFrame({ value: { id, heads }, parts }))),
  );
}

test.each([1, 7, 8, 50, 333, 100_000])('messages come out whole, however they are cut: %d bytes at a time', (size) => {
  const bytes = frames(5);
  const reader = new FrameReader();
  const ids: unknown[] = [];
  for (let at = 0; at < bytes.byteLength; at += size) {
    for (const { value, parts } of reader.push(bytes.subarray(at, at + size))) {
      ids.push(value['id']);
      expect(unpackRuns(value['heads'] as Parameters<typeof unpackRuns>[0], parts)).toEqual(runs);
    }
  }
  expect(ids).toEqual([0, 1, 2, 3, 4]);
});

test.each([
  ['too large', Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0])],
  ['too small', Buffer.alloc(8)],
])('a frame that says it is %s is refused', (_name, bytes) => {
  expect(() => new FrameReader().push(bytes)).toThrow('a frame says');
});
