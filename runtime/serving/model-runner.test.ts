import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { EngineError } from '../engine/engine.ts';
import type { Tensor } from '../protocol/tensor.ts';
import type { HeldRun } from '../testdata/held-session.ts';
import { HeldSession } from '../testdata/held-session.ts';
import { Call } from './call.ts';
import { ModelMeter } from './model-meter.ts';
import type { RunnerLimits } from './model-runner.ts';
import { ModelRunner } from './model-runner.ts';

const turn = () => new Promise(setImmediate);
const rows = (...values: number[]): Tensor[] => [
  { name: 'x', datatype: 'FP32', shape: [values.length, 1], data: Float32Array.from(values) },
];

let sessions: HeldSession[];
let open: () => Promise<HeldSession>;
let meter: ModelMeter;
let lost: string[];
let runner: ModelRunner;
beforeEach(() => {
  sessions = [];
  lost = [];
  meter = new ModelMeter();
  open = async () => new HeldSession();
});
afterEach(() => runner.close());

async function start({ maxRows = 8, ...limits }: Partial<RunnerLimits> & { maxRows?: number } = {}): Promise<void> {
  runner = new ModelRunner({
    open: async () => {
      const session = await open();
      sessions.push(session);
      return session;
    },
    limits: { instances: 1, maxDelayMs: 0, maxQueue: 100, maxQueueBytes: 1e6, ...limits },
    meter,
    onLost: ({ message }) => lost.push(message),
  });
  await runner.start();
  runner.allowRows(maxRows);
}

/** Sends a request and keeps what comes of it. */
function send(value: number, call = new Call()) {
  const sent = { outcome: undefined as unknown };
  runner.run(rows(value), ['x'], call).then(
    (outputs) => {
      sent.outcome = outputs[0]?.data[0];
    },
    (error: { code?: string; kind?: string }) => {
      sent.outcome = error.code ?? error.kind;
    },
  );
  return sent;
}

const runAt = (index: number, session = 0): HeldRun => {
  const run = sessions[session]?.runs[index];
  if (run === undefined) throw new Error(`run ${index} was not started`);
  return run;
};
const runsOf = (session = 0) => sessions[session]?.runs.map(({ values }) => values);

describe('batches', () => {
  test('what comes in together goes together; what comes while it runs makes the next run', async () => {
    await start();
    const first = [send(1), send(2)];
    await turn();
    const later = [send(3), send(4), send(5)];
    await turn();
    expect(runsOf()).toEqual([[1, 2]]);
    runAt(0).answer();
    await turn();
    expect(runsOf()).toEqual([
      [1, 2],
      [3, 4, 5],
    ]);
    runAt(1).answer();
    await turn();
    expect([...first, ...later].map(({ outcome }) => outcome)).toEqual([1, 2, 3, 4, 5]);
    expect([meter.rows, meter.batchRows.count, meter.stages.queue.count]).toEqual([5, 2, 5]);
  });

  test('without leave to share each request runs alone', async () => {
    await start({ maxRows: 1 });
    send(1);
    send(2);
    await turn();
    expect(runsOf()).toEqual([[1]]);
  });

  test('two instances run side by side', async () => {
    await start({ instances: 2, maxRows: 1 });
    const sent = [send(1), send(2), send(3)];
    await turn();
    expect([runsOf(0), runsOf(1)]).toEqual([[[1]], [[2]]]);
    runAt(0, 1).answer();
    await turn();
    expect(runsOf(1)).toEqual([[2], [3]]);
    runAt(1, 1).answer();
    runAt(0).answer();
    await turn();
    expect(sent.map(({ outcome }) => outcome)).toEqual([1, 2, 3]);
  });

  test('clients take turns and urgent requests go first', async () => {
    await start({ maxRows: 1 });
    send(0);
    await turn();
    for (const value of [1, 2, 3]) send(value, new Call('greedy'));
    send(10, new Call('modest'));
    send(20, new Call('urgent', Infinity, -1));
    for (let run = 0; run < 5; run += 1) {
      runAt(run).answer();
      await turn();
    }
    expect(runsOf()).toEqual([[0], [20], [1], [10], [2], [3]]);
  });

  test('a bad request fails alone: those that shared its run are run again', async () => {
    await start();
    const sent = [send(1), send(2), send(3)];
    await turn();
    runAt(0).fail(new EngineError('invalidInput', 'out of range'));
    await turn();
    for (const at of [1, 2, 3]) {
      const run = runAt(at);
      if (run.values[0] === 2) run.fail(new EngineError('invalidInput', 'out of range'));
      else run.answer();
      await turn();
    }
    expect(sent.map(({ outcome }) => outcome)).toEqual([1, 'invalidInput', 3]);
    send(4);
    send(5);
    await turn();
    expect(runsOf()?.at(-1)).toEqual([4, 5]);
  });

  test('a graph that mixes rows up is never given several again', async () => {
    await start();
    send(1);
    send(2);
    await turn();
    runAt(0).fail(new EngineError('notBatchable', 'one row for two'));
    await turn();
    expect([runner.maxRows, runsOf()?.at(-1)]).toEqual([1, [1]]);
  });

  test('with a delay a run waits for company, until it is full', async () => {
    await start({ maxDelayMs: 60_000, maxRows: 2 });
    send(1);
    await turn();
    expect(runsOf()).toEqual([]);
    send(2);
    await turn();
    expect(runsOf()).toEqual([[1, 2]]);
  });

  test('with a delay a run does not wait longer than that', async () => {
    await start({ maxDelayMs: 5 });
    const sent = send(1);
    while (sessions[0]?.runs.length === 0) await turn();
    runAt(0).answer();
    await turn();
    expect(sent.outcome).toBe(1);
  });
});

describe('giving up', () => {
  test('a request whose client left never runs and takes no room', async () => {
    await start({ maxRows: 1, maxQueue: 1 });
    send(1);
    await turn();
    const call = new Call();
    const left = send(2, call);
    call.cancel();
    const next = send(3);
    await turn();
    expect([left.outcome, next.outcome]).toEqual(['Cancelled', undefined]);
    runAt(0).answer();
    await turn();
    expect(runsOf()).toEqual([[1], [3]]);
    expect(send(9, call).outcome).toBeUndefined();
    await turn();
    expect(runner.isBusy).toBe(true);
  });

  test('a running request whose client left is dropped, and its answer goes nowhere', async () => {
    await start();
    const call = new Call();
    const sent = send(1, call);
    await turn();
    call.cancel();
    await turn();
    expect(sent.outcome).toBe('Cancelled');
    runAt(0).answer();
    await turn();
    expect([sent.outcome, runner.isBusy]).toEqual(['Cancelled', false]);
  });

  test('a deadline ends the wait, in the queue and in a run', async () => {
    await start({ maxRows: 1 });
    const running = send(1, new Call('', performance.now() + 5));
    await turn();
    const waiting = send(2, new Call('', performance.now() + 5));
    while (waiting.outcome === undefined || running.outcome === undefined) await turn();
    expect([running.outcome, waiting.outcome]).toEqual(['DeadlineExceeded', 'DeadlineExceeded']);
    runAt(0).answer();
    await turn();
    expect(runsOf()).toEqual([[1]]);
  });

  test.each([
    { name: 'too many', limits: { maxQueue: 2 } },
    { name: 'too large', limits: { maxQueueBytes: 8 } },
  ])('requests that are $name are refused while others wait', async ({ limits }) => {
    await start({ ...limits, maxRows: 1 });
    send(1);
    await turn();
    const sent = [send(2), send(3), send(4)];
    await turn();
    expect(sent.map(({ outcome }) => outcome)).toEqual([undefined, undefined, 'QueueFull']);
    for (const at of [0, 1, 2]) {
      runAt(at).answer();
      await turn();
    }
    expect(send(5).outcome).toBeUndefined();
    await turn();
    expect(runsOf()).toHaveLength(4);
  });

  test('unloading tells those that run and those that wait to ask again, and takes no more', async () => {
    await start({ maxRows: 1 });
    const sent = [send(1), send(2)];
    await turn();
    await runner.close();
    sent.push(send(3));
    await turn();
    expect(sent.map(({ outcome }) => outcome)).toEqual(['closed', 'ModelRestarting', 'NotReady']);
    expect(sessions[0]?.isClosed).toBe(true);
  });
});

describe('a lost process', () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test('fails what ran, keeps what waits, and is started again', async () => {
    await start({ maxRows: 1 });
    const sent = [send(1), send(2)];
    await turn();
    sessions[0]?.crash();
    await turn();
    expect(sent.map(({ outcome }) => outcome)).toEqual(['crashed', undefined]);
    await jest.advanceTimersByTimeAsync(100);
    await turn();
    runAt(0, 1).answer();
    await turn();
    expect(sent[1]?.outcome).toBe(2);
    expect([meter.restarts, lost]).toEqual([1, ['The model crashed.']]);
  });

  test('that lived long is started at once, and one that keeps crashing within two seconds', async () => {
    await start();
    await jest.advanceTimersByTimeAsync(11_000);
    sessions[0]?.crash();
    await jest.advanceTimersByTimeAsync(0);
    expect(sessions).toHaveLength(2);
    for (let crash = 1; crash < 9; crash += 1) {
      sessions[crash]?.crash();
      await jest.advanceTimersByTimeAsync(2000);
      expect(sessions).toHaveLength(crash + 2);
    }
  });

  test('that cannot be loaded again is tried ever less often, and meanwhile nobody waits for it', async () => {
    await start();
    let tries = 0;
    open = async () => {
      tries += 1;
      throw new EngineError('failed', 'The file is gone.');
    };
    const waiting = [send(1)];
    await turn();
    sessions[0]?.crash();
    await turn();
    waiting.push(send(2));
    await jest.advanceTimersByTimeAsync(120_000);
    waiting.push(send(3));
    await turn();
    expect(waiting.map(({ outcome }) => outcome)).toEqual(['crashed', 'NotReady', 'NotReady']);
    expect(tries).toBeLessThan(14);
    open = async () => new HeldSession();
    await jest.advanceTimersByTimeAsync(30_000);
    const sent = send(4);
    await turn();
    runAt(0, 1).answer();
    await turn();
    expect(sent.outcome).toBe(4);
  });

  test('is not started again once the model is unloaded', async () => {
    await start();
    sessions[0]?.crash();
    await runner.close();
    await jest.advanceTimersByTimeAsync(60_000);
    expect(sessions).toHaveLength(1);
  });

  test('does not stop the other instance', async () => {
    await start({ instances: 2, maxRows: 1 });
    const sent = [send(1), send(2)];
    await turn();
    sessions[0]?.crash('hung');
    runAt(0, 1).answer();
    const next = send(3);
    await turn();
    runAt(1, 1).answer();
    await turn();
    expect([...sent, next].map(({ outcome }) => outcome)).toEqual(['hung', 2, 3]);
  });
});
