import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Engine } from '../engine/engine.ts';
import { EngineError } from '../engine/engine.ts';
import { parseGolden } from '../protocol/golden.ts';
import { createEchoPlane } from '../testdata/echo-plane.ts';
import { HeldSession } from '../testdata/held-session.ts';
import { Call } from './call.ts';

const specs = [{ name: 'x', datatype: 'FP32' as const, shape: [-1, 1] }];
const x = { name: 'x', datatype: 'FP32', shape: [1, 1], data: [7] };
const golden = parseGolden(JSON.stringify({ examples: [{ request: { inputs: [x] }, response: { outputs: [x] } }] }));
const TARGET = { name: 'iris' };

let opened: HeldSession[];
let gates: PromiseWithResolvers<void>[];
let engine: Engine;
beforeEach(() => {
  opened = [];
  gates = [];
  engine = {
    open: async () => {
      const gate = Promise.withResolvers<void>();
      gates.push(gate);
      await gate.promise;
      const session = new HeldSession();
      opened.push(session);
      return session;
    },
  };
});
const turn = () => new Promise(setImmediate);

describe('loading and unloading', () => {
  test('loads at the same time share one', async () => {
    const { model } = createEchoPlane({ specs, engine });
    const loads = [model.load(), model.load(), model.load()];
    await turn();
    gates[0]?.resolve();
    await Promise.all(loads);
    await model.load();
    expect([opened.length, model.state, model.meter.loads]).toEqual([1, 'ready', 1]);
  });

  test('changes are made one after another, in the order they were asked for', async () => {
    const { model } = createEchoPlane({ specs, engine });
    const changes = [model.load(), model.unload(), model.load()];
    for (const at of [0, 1]) {
      while (gates[at] === undefined) await turn();
      gates[at].resolve();
    }
    await Promise.all(changes);
    expect([opened.map(({ isClosed }) => isClosed), model.state]).toEqual([[true, false], 'ready']);
  });

  test('a load after one that failed tries again', async () => {
    const { model } = createEchoPlane({ specs, engine });
    const failing = model.load();
    await turn();
    gates[0]?.reject(new EngineError('failed', 'No such operator.'));
    await expect(failing).rejects.toThrow('No such operator.');
    expect([model.state, model.meter.loads]).toEqual(['failed', 0]);
    const again = model.load();
    await turn();
    gates[1]?.resolve();
    await again;
    expect([model.state, model.failure]).toEqual(['ready', undefined]);
  });

  test('what was not foreseen says nothing of the inside', async () => {
    const { model, plane } = createEchoPlane({ specs, engine });
    const failing = model.load();
    await turn();
    gates[0]?.reject(new Error('ENOENT: /srv/secret/golden.json'));
    await expect(failing).rejects.toThrow('ENOENT');
    await expect(plane.checkModelReady(TARGET)).rejects.toMatchObject({
      code: 'NotReady',
      message: expect.not.stringContaining('secret'),
    });
  });
});

test.each([
  { kind: 'crashed', code: 'ModelRestarting' },
  { kind: 'killed', code: 'ModelRestarting' },
  { kind: 'closed', code: 'ModelRestarting' },
  { kind: 'hung', code: 'DeadlineExceeded' },
  { kind: 'invalidInput', code: 'InvalidRequest' },
  { kind: 'outOfMemory', code: 'ModelFailed' },
  { kind: 'failed', code: 'ModelFailed' },
] as const)('an engine error "$kind" reaches the client as $code', async ({ kind, code }) => {
  const answer = async () => {
    throw new EngineError(kind, 'Something happened.');
  };
  const { model, plane } = createEchoPlane({ specs, answer });
  await model.load();
  const source = { kind: 'json' as const, values: [1] };
  const request = { inputs: [{ ...x, source, place: 'inputs[0]' }] };
  await expect(plane.infer(TARGET, request, new Call())).rejects.toMatchObject({ code });
  const [figures] = await plane.statistics(TARGET);
  expect(figures?.inference_stats.fail.count).toBe(1);
  expect(figures?.inference_stats.compute_input.count).toBe(0);
});

test('the parts of an answered request are counted with it, at one moment, as perf_analyzer demands', async () => {
  const { model, plane } = createEchoPlane({ specs });
  await model.load();
  const source = { kind: 'json' as const, values: [1] };
  await plane.infer(TARGET, { inputs: [{ ...x, source, place: 'inputs[0]' }] }, new Call());
  const [figures] = await plane.statistics(TARGET);
  const {
    success,
    compute_input: input,
    compute_infer: infer,
    compute_output: output,
  } = figures?.inference_stats ?? {};
  expect([success, input, infer, output].map((part) => part?.count)).toEqual([1, 1, 1, 1]);
});

test.each([
  { name: 'a fractional priority', parameters: { priority: 1.5 }, says: 'parameters.priority is 1.5' },
  { name: 'a negative timeout', parameters: { timeout: -1 }, says: 'parameters.timeout is -1' },
  { name: 'a boolean timeout', parameters: { timeout: true }, says: 'parameters.timeout is true' },
  { name: 'a text priority', parameters: { priority: 'high' }, says: 'parameters.priority is "high"' },
  { name: 'a sequence', parameters: { sequence_id: 5 }, says: 'parameters.sequence_id is 5' },
  { name: 'a sequence with a text', parameters: { sequence_id: 'a' }, says: 'parameters.sequence_id is "a"' },
])('$name is refused', async ({ parameters, says }) => {
  const { model, plane } = createEchoPlane({ specs });
  await model.load();
  await expect(plane.infer(TARGET, { inputs: [], parameters }, new Call())).rejects.toThrow(says);
});

test('priority and timeout of the request reach its call', async () => {
  const { model, plane } = createEchoPlane({ specs });
  await model.load();
  const call = new Call();
  const source = { kind: 'json' as const, values: [1] };
  const request = { inputs: [{ ...x, source, place: 'inputs[0]' }], parameters: { priority: 99, timeout: '2000000' } };
  const asked = performance.now();
  await plane.infer(TARGET, request, call);
  expect(call.priority).toBe(15);
  expect(call.deadlineAt - asked).toBeGreaterThan(1999);
  expect(call.deadlineAt - asked).toBeLessThan(4000);
});

test('golden requests go before all others', async () => {
  const { model, plane } = createEchoPlane({ specs, engine, golden });
  const loading = model.load();
  await turn();
  gates[0]?.resolve();
  await loading;
  const source = { kind: 'json' as const, values: [1] };
  const work = Array.from({ length: 3 }, () =>
    plane.infer(TARGET, { inputs: [{ ...x, source, place: '' }] }, new Call()),
  );
  await turn();
  const ready = plane.checkReady();
  for (const at of [0, 1, 2, 3]) {
    await turn();
    opened[0]?.runs[at]?.answer();
  }
  await Promise.all([ready, ...work]);
  expect(opened[0]?.runs.map(({ values }) => values)).toEqual([[1], [7], [1], [1]]);
});
