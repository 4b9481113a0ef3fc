import { beforeEach, describe, expect, test } from '@jest/globals';
import { WorkQueue } from './queue.ts';
import { FakeClock } from './testing/fake-clock.ts';

describe('WorkQueue', () => {
  let clock: FakeClock;
  let queue: WorkQueue;
  let depth: number;
  beforeEach(() => {
    clock = new FakeClock();
    queue = new WorkQueue({
      clock,
      random: () => 0.5,
      backoff: { firstMs: 100, maxMs: 1_000 },
      onDepth: (now) => (depth = now),
    });
  });

  /** What can be taken now, each given back at once. */
  const drain = async (): Promise<string[]> => {
    const keys: string[] = [];
    while (queue.depth > 0) {
      const key = await queue.next();
      if (key === undefined) break;
      keys.push(key);
      queue.done(key);
    }
    return keys;
  };

  test('a key waits once', async () => {
    queue.add('a/x');
    queue.add('a/x');
    expect(depth).toBe(1);
    expect(await drain()).toEqual(['a/x']);
    expect(depth).toBe(0);
  });

  test('namespaces take turns', async () => {
    for (const key of ['big/1', 'big/2', 'big/3', 'small/1', 'tiny/1', 'small/2']) queue.add(key);
    expect(await drain()).toEqual(['big/1', 'small/1', 'tiny/1', 'big/2', 'small/2', 'big/3']);
  });

  test('what was begun comes before what is new, though not for ever', async () => {
    for (let i = 1; i <= 3; i += 1) queue.add(`a/new${i}`);
    for (let i = 1; i <= 6; i += 1) queue.add(`a/begun${i}`, 'begun');
    expect((await drain()).map((key) => key.slice(2))).toEqual([
      'begun1',
      'begun2',
      'begun3',
      'begun4',
      'new1',
      'begun5',
      'begun6',
      'new2',
      'new3',
    ]);
  });

  test('a new key that becomes urgent waits once, and sooner', async () => {
    queue.add('a/x');
    queue.add('a/y');
    queue.add('a/y', 'begun');
    queue.add('a/y');
    expect(depth).toBe(2);
    expect(await drain()).toEqual(['a/y', 'a/x']);
  });

  test('a key that comes back while it is worked on goes to no second worker, and comes once more after', async () => {
    queue.add('a/x');
    await queue.next();
    queue.add('a/x');
    queue.add('a/x');
    expect(queue.depth).toBe(0);
    queue.done('a/x');
    expect(await drain()).toEqual(['a/x']);
  });

  test('a waiting worker gets a key at once', async () => {
    const waiting = queue.next();
    queue.add('a/x');
    expect(await waiting).toBe('a/x');
  });

  test.each([
    { name: 'an earlier wish wins over a later', wishes: [500, 100, 300], dueAt: 100 },
    { name: 'the first wish stands when it is the earliest', wishes: [100, 500], dueAt: 100 },
  ])('$name', async ({ wishes, dueAt }) => {
    for (const delayMs of wishes) queue.addAfter('a/x', delayMs);
    await clock.advance(dueAt - 1);
    expect(queue.depth).toBe(0);
    await clock.advance(1);
    expect(await drain()).toEqual(['a/x']);
    await clock.advance(10_000);
    expect(queue.depth).toBe(0);
  });

  test('a pass makes earlier wishes void', async () => {
    queue.addAfter('a/x', 1_000);
    queue.add('a/x');
    expect(await drain()).toEqual(['a/x']);
    await clock.advance(2_000);
    expect(queue.depth).toBe(0);
  });

  test('failures wait longer each time, by key, until one pass goes well', () => {
    expect([queue.retry('a/x'), queue.retry('a/x'), queue.retry('a/y')]).toEqual([100, 200, 100]);
    queue.succeeded('a/x');
    expect(queue.retry('a/x')).toBe(100);
  });

  test('closing wakes the workers and forgets what waits', async () => {
    const waiting = queue.next();
    queue.addAfter('a/x', 10);
    queue.close();
    expect(await waiting).toBeUndefined();
    expect(clock.waiting).toBe(0);
    queue.add('a/y');
    expect(await queue.next()).toBeUndefined();
  });
});
