import { describe, expect, test } from '@jest/globals';
import { awaitHosts } from './meet-role.ts';

/** Hosts that can be found after so many milliseconds. */
const world = (appearAtMs: Record<string, number>) => {
  let now = 0;
  return {
    isThere: (host: string) => Promise.resolve(now >= (appearAtMs[host] ?? Infinity)),
    pause: (ms: number) => Promise.resolve((now += ms)),
    now: () => now,
  };
};

describe('awaitHosts', () => {
  test('returns as soon as the last one is there', async () => {
    const seen = world({ a: 0, b: 4000 });
    expect(await awaitHosts({ hosts: ['a', 'b'], min: 2, timeoutMs: 60_000 }, seen)).toEqual({
      met: true,
      missing: [],
    });
    expect(seen.now()).toBe(4000);
  });

  test('elastic workers begin when enough are there', async () => {
    const seen = world({ a: 0, b: 0 });
    const met = await awaitHosts({ hosts: ['a', 'b', 'c'], min: 2, timeoutMs: 60_000 }, seen);
    expect(met).toEqual({ met: true, missing: ['c'] });
  });

  test('but never without the first, whom all others call', async () => {
    const seen = world({ b: 0, c: 0 });
    const met = await awaitHosts({ hosts: ['a', 'b', 'c'], min: 2, timeoutMs: 10_000 }, seen);
    expect(met).toEqual({ met: false, missing: ['a'] });
    expect(seen.now()).toBe(10_000);
  });
});
