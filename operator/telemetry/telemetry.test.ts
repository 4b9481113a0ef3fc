import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { liveProblems, startHealthServer, type HealthServer } from './health.ts';
import { createLogger } from './log.ts';
import { createMetrics } from './metrics.ts';
import { exitOnUnhandledErrors } from './process-policy.ts';

describe('the health server', () => {
  let server: HealthServer;
  let live: string[];
  let ready: string[];
  beforeEach(async () => {
    live = [];
    ready = [];
    const metrics = createMetrics('1.2.3');
    server = await startHealthServer(0, {
      liveProblems: () => live,
      readyProblems: () => ready,
      registry: metrics.registry,
      updateGauges: () => metrics.watchAge.set({ kind: 'Pod.v1' }, 7),
    });
  });
  afterEach(() => server.stop());

  const get = async (path: string): Promise<[number, string]> => {
    const answer = await fetch(`http://127.0.0.1:${server.port}${path}`);
    return [answer.status, await answer.text()];
  };

  test('problems are 503 with their sentences', async () => {
    expect(await get('/healthz')).toEqual([200, 'ok\n']);
    live = ['the watch of Pod.v1 has done nothing for 400 s'];
    ready = ['not listed yet: Pod.v1'];
    expect(await get('/healthz?verbose')).toEqual([503, 'the watch of Pod.v1 has done nothing for 400 s\n']);
    expect(await get('/readyz')).toEqual([503, 'not listed yet: Pod.v1\n']);
  });

  test('metrics are brought up to date before they are read', async () => {
    const [code, text] = await get('/metrics');
    expect(code).toBe(200);
    expect(text).toContain('aimass_watch_age_seconds{kind="Pod.v1"} 7');
    expect(text).toContain(`aimass_build_info{version="1.2.3",node="${process.version}"} 1`);
  });

  test('anything else is not found', async () => {
    expect(await get('/')).toEqual([404, 'not found\n']);
  });
});

test.each([
  { name: 'a watch in long backoff is alive', watchMs: 200_000, passMs: 0, want: 0 },
  { name: 'a watch that stands still is not', watchMs: 301_000, passMs: 0, want: 1 },
  { name: 'a pass that never ends is not', watchMs: 0, passMs: 601_000, want: 1 },
])('liveProblems: $name', ({ watchMs, passMs, want }) => {
  const facts = { watches: [{ kind: 'k', idleMs: watchMs }], passes: [{ controller: 'c', oldestMs: passMs }] };
  expect(liveProblems(facts)).toHaveLength(want);
});

test('a log line is JSON with level, time, message and the error', () => {
  const lines: string[] = [];
  const log = createLogger('info', { write: (line) => void lines.push(line) });
  log.debug('not shown');
  log.error({ err: new Error('broken'), key: 'a/b' }, 'reconcile failed');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    {
      level: 'error',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      key: 'a/b',
      msg: 'reconcile failed',
      err: expect.objectContaining({ message: 'broken', stack: expect.any(String) }),
    },
  ]);
});

test.each(['uncaughtException', 'unhandledRejection'] as const)('%s is logged and ends the process', (event) => {
  const lines: string[] = [];
  const exits: number[] = [];
  const listeners = new Map<string, (error: unknown) => void>();
  const target = {
    on: (name: string, listener: (error: unknown) => void) => listeners.set(name, listener),
    exit: (code: number) => exits.push(code),
  };
  exitOnUnhandledErrors(createLogger('info', { write: (line) => void lines.push(line) }), target);
  listeners.get(event)?.(new Error('surprise'));
  expect(exits).toEqual([1]);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'fatal', err: { message: 'surprise' } });
});
