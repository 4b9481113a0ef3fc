import { describe, expect, test } from '@jest/globals';
import { ByteBudget } from './byte-budget.ts';
import { MessageReader } from './message-reader.ts';

const frame = (size: number, fill: number, flag = 0): Buffer => {
  const bytes = Buffer.alloc(5 + size, fill);
  bytes[0] = flag;
  bytes.writeUInt32BE(size, 1);
  return bytes;
};
const reader = (limit = 1e9, maxMessageBytes = 1e6) => {
  const budget = new ByteBudget(limit);
  return { budget, reader: new MessageReader({ budget, maxMessageBytes }) };
};

/** Always the same pieces, so that a failure can be seen again. */
function pieces(bytes: Buffer, seed: number): Buffer[] {
  const cut: Buffer[] = [];
  let state = seed;
  for (let at = 0; at < bytes.length;) {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    const size = 1 + (state % (seed % 3 === 0 ? 7 : 30_000));
    cut.push(bytes.subarray(at, at + size));
    at += size;
  }
  return cut;
}

describe('messages', () => {
  test('in one piece are not copied', () => {
    const bytes = frame(10, 1);
    const [got] = reader().reader.push(bytes);
    expect(got?.bytes.buffer).toBe(bytes.buffer);
    expect(got?.bytes.length).toBe(10);
  });

  test.each(Array.from({ length: 30 }, (_, index) => index + 1))('come whole however they are cut (%i)', (seed) => {
    const sizes = [0, 1, 4, 5, 6, 4091, 4092, 100_000, 0, 0, 50_000, 3];
    const all = Buffer.concat(sizes.map((size, index) => frame(size, index + 1, index % 2)));
    const { reader: cutter, budget } = reader();
    const got = pieces(all, seed).flatMap((piece) => cutter.push(piece));
    expect(got.map(({ bytes }) => bytes.length)).toEqual(sizes);
    expect(got.every(({ bytes }, index) => bytes.every((byte) => byte === index + 1))).toBe(true);
    expect(got.map(({ isCompressed }) => isCompressed)).toEqual(sizes.map((_, index) => index % 2 === 1));
    expect(cutter.isInsideMessage).toBe(false);
    expect(budget.held).toBe(all.length);
    cutter.close();
    expect(budget.held).toBe(0);
  });

  test('that are cut off leave the reader inside one', () => {
    const { reader: cutter } = reader();
    expect(cutter.push(frame(10, 1).subarray(0, 14))).toEqual([]);
    expect(cutter.isInsideMessage).toBe(true);
  });

  test('that are too large are refused by their length alone', () => {
    const { reader: cutter } = reader(1e9, 100);
    expect(() => cutter.push(frame(101, 1).subarray(0, 5))).toThrow(/has 101 bytes; at most 100 are taken/);
  });

  test('that are announced large but do not come take no room', () => {
    const { reader: cutter, budget } = reader(1e9, 2 ** 30);
    const head = Buffer.alloc(6);
    head.writeUInt32BE(2 ** 30, 1);
    cutter.push(head);
    expect(budget.held).toBe(6);
  });

  test('with a wrong first byte are refused', () => {
    expect(() => reader().reader.push(frame(1, 1, 2))).toThrow(/first byte of a message is 2/);
  });

  test('beyond the budget are refused, and room comes back', () => {
    const { reader: cutter, budget } = reader(100);
    cutter.push(frame(80, 1).subarray(0, 60));
    expect(() => cutter.push(Buffer.alloc(50))).toThrow(/holds 100 bytes of requests; ask again/);
    cutter.close();
    expect(budget.held).toBe(0);
  });
});
