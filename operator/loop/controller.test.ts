import { beforeEach, describe, expect, test } from '@jest/globals';
import { ApiError } from '../kube/api-errors.ts';
import { createLogger } from '../telemetry/log.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import { startController, type Controller, type Next } from './controller.ts';
import { TerminalError } from './terminal-error.ts';
import { FakeClock, settle } from './testing/fake-clock.ts';

describe('startController', () => {
  let clock: FakeClock;
  let metrics: Metrics;
  let passes: string[];
  let lines: string[];
  let running: Controller[];

  beforeEach(() => {
    clock = new FakeClock();
    metrics = createMetrics('test');
    passes = [];
    lines = [];
    running = [];
  });

  const start = (reconcile: (key: string, signal: AbortSignal) => Promise<Next>, concurrency = 1): Controller => {
    const controller = startController({
      name: 'test',
      reconcile: (key, signal) => {
        passes.push(key);
        return reconcile(key, signal);
      },
      concurrency,
      log: createLogger('debug', { write: (line) => void lines.push(line) }),
      metrics,
      clock,
      random: () => 0.5,
      backoff: { firstMs: 100, maxMs: 1_000 },
      timeoutMs: 5_000,
    });
    running.push(controller);
    return controller;
  };
  const outcomes = async (): Promise<Record<string, number>> => {
    const { values } = await metrics.reconcileDuration.get();
    const counts = values.filter(({ metricName }) => metricName?.endsWith('_count') === true);
    return Object.fromEntries(counts.map(({ labels, value }) => [String(labels.outcome), value]));
  };

  test('what a pass asks for is done: looked at again after the time it names', async () => {
    start(() => Promise.resolve(passes.length < 2 ? { requeueAfterMs: 60_000 } : {})).enqueue('a/x');
    await clock.advance(59_999);
    expect(passes).toHaveLength(1);
    await clock.advance(1);
    expect(passes).toHaveLength(2);
    await clock.advance(1_000_000);
    expect(passes).toHaveLength(2);
  });

  test.each([
    { name: 'an error', error: new Error('no'), outcome: 'error', passesIn: 4, level: 'error' },
    {
      name: 'a conflict',
      error: new ApiError({ code: 409, message: 'no' }),
      outcome: 'conflict',
      passesIn: 4,
      level: 'debug',
    },
    {
      name: 'a terminal error',
      error: new TerminalError('Bad', 'no'),
      outcome: 'terminal',
      passesIn: 1,
      level: 'error',
    },
  ])('$name is measured, logged, and retried as it should', async ({ error, outcome, passesIn, level }) => {
    start(() => Promise.reject(error)).enqueue('a/x');
    await clock.advance(750); // 100 + 200 + 400
    expect(passes).toHaveLength(passesIn);
    expect(await outcomes()).toEqual({ [outcome]: passesIn });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level, controller: 'test', key: 'a/x', err: { message: 'no' } });
  });

  test('a throw before the first await is an error like any other', async () => {
    start(() => {
      throw new Error('sync');
    }).enqueue('a/x');
    await clock.advance(1);
    expect(await outcomes()).toEqual({ error: 1 });
  });

  test('a pass that hangs frees its worker, but its object waits until it really ended', async () => {
    let end: (next: Next) => void = () => undefined;
    let isAborted = false;
    const controller = start((key, signal) => {
      signal.addEventListener('abort', () => (isAborted = true));
      return key === 'a/hangs' && passes.length === 1 ? new Promise((resolve) => (end = resolve)) : Promise.resolve({});
    });
    controller.enqueue('a/hangs');
    controller.enqueue('a/other');
    await clock.advance(6_000);
    expect(isAborted).toBe(true);
    expect(passes).toEqual(['a/hangs', 'a/other']);
    expect(controller.oldestPassMs()).toBe(6_000);
    await clock.advance(60_000);
    expect(passes).toEqual(['a/hangs', 'a/other']);
    end({});
    await settle();
    expect(passes).toEqual(['a/hangs', 'a/other', 'a/hangs']);
    expect(await outcomes()).toEqual({ timeout: 1, success: 2 });
    expect(controller.oldestPassMs()).toBe(0);
  });

  test('so many passes run at once as there are workers', async () => {
    let now = 0;
    let most = 0;
    const ends: (() => void)[] = [];
    const controller = start(() => {
      most = Math.max(most, (now += 1));
      return new Promise((resolve) =>
        ends.push(() => {
          now -= 1;
          resolve({});
        }),
      );
    }, 3);
    for (let i = 0; i < 10; i += 1) controller.enqueue(`a/${i}`);
    while (passes.length < 10) {
      await settle();
      ends.shift()?.();
    }
    expect(most).toBe(3);
  });

  test('stopping waits for the pass that runs and starts no other', async () => {
    let end: () => void = () => undefined;
    const controller = start(() => new Promise((resolve) => (end = () => resolve({ requeueAfterMs: 1 }))));
    controller.enqueue('a/x');
    controller.enqueue('a/y');
    await settle();
    let isStopped = false;
    const stopping = controller.stop().then(() => (isStopped = true));
    await settle();
    expect(isStopped).toBe(false);
    end();
    await stopping;
    await clock.advance(1_000);
    expect(passes).toEqual(['a/x']);
  });
});
