import { describe, expect, test } from '@jest/globals';
import zlib from 'node:zlib';
import { compress, decompress } from './compression.ts';

const MIB = 1024 * 1024;
const pack = { gzip: zlib.gzipSync, deflate: zlib.deflateSync };
const unpack = { gzip: zlib.gunzipSync, deflate: zlib.inflateSync };

describe.each(['gzip', 'deflate'] as const)('%s', (encoding) => {
  test.each([0, 1, 1000, MIB, MIB + 1, 5 * MIB])('%i bytes come out as they went in', async (size) => {
    const body = Buffer.alloc(size, 'abc123,');
    expect((await decompress(pack[encoding](body), encoding, 8 * MIB)).equals(body)).toBe(true);
    const halves = [body.subarray(0, size >> 1), body.subarray(size >> 1)];
    const packed = await compress(halves, encoding);
    if (size < 1024) expect(packed).toBeUndefined();
    else expect(unpack[encoding](packed?.[0] ?? '').equals(body)).toBe(true);
  });

  test.each([
    [2000, 1999],
    [MIB, MIB - 1],
    [5 * MIB, 4 * MIB],
    [200 * MIB, 2 * MIB],
  ])('%i bytes are refused where %i are taken', async (size, most) => {
    const bomb = pack[encoding](Buffer.alloc(size));
    await expect(decompress(bomb, encoding, most)).rejects.toThrow(`larger than ${most} bytes`);
    expect(await decompress(pack[encoding](Buffer.alloc(most)), encoding, most)).toHaveLength(most);
  });

  test('what is cut off or is something else is refused, small and large', async () => {
    const packed = pack[encoding](Buffer.from(Array.from({ length: 3 * MIB }, (_, i) => (i * i) % 251)));
    for (const body of [Buffer.from('{}'), packed.subarray(0, 20), packed.subarray(0, packed.byteLength - 9)]) {
      await expect(decompress(body, encoding, 8 * MIB)).rejects.toMatchObject({ code: 'UnsupportedContent' });
    }
  });
});
