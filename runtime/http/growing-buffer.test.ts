import { expect, test } from '@jest/globals';
import { GrowingBuffer } from './growing-buffer.ts';

const MIB = 1024 * 1024;

test.each([
  { name: 'nothing', sizes: [] },
  { name: 'one small part', sizes: [5] },
  { name: 'small parts', sizes: [5, 6, 7] },
  { name: 'parts that pass the first MiB', sizes: [MIB - 1, 2, 3] },
  { name: 'many large parts', sizes: Array.from({ length: 40 }, () => 65_536) },
  { name: 'one part that is large', sizes: [3 * MIB] },
])('$name are put together whatever was announced', ({ sizes }) => {
  const parts = sizes.map((size, index) => Buffer.alloc(size, index + 1));
  const whole = Buffer.concat(parts);
  for (const announced of [0, 1, whole.byteLength, whole.byteLength + 1000]) {
    const body = new GrowingBuffer(announced);
    for (const part of parts) body.add(part);
    expect(body.size).toBe(whole.byteLength);
    expect(body.take().equals(whole)).toBe(true);
  }
});

test('a large body of the announced size lies alone in its memory', () => {
  const body = new GrowingBuffer(2 * MIB);
  for (let part = 0; part < 4; part += 1) body.add(Buffer.alloc(MIB / 2));
  expect(body.take().buffer.byteLength).toBe(2 * MIB);
});
