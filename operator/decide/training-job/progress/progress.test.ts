import { describe, expect, test } from '@jest/globals';
import { readChunk } from '../log-lines/read-chunk.ts';
import { fold, foldAll } from './fold.ts';
import { startProgress, type ProgressOptions, type ProgressState } from './state.ts';
import { metricsOf, objectiveValues, progressOf } from './summary.ts';
import { totalsOf } from './totals.ts';
import { decideShown, worthWriting, type Shown } from './worth-writing.ts';

const START = Date.UTC(2026, 0, 1);

/** Lines that were printed ten seconds apart. */
const print = (
  lines: readonly string[],
  options: ProgressOptions = {},
  from = startProgress(options),
): ProgressState => {
  const wanted = new Set(options.objective === undefined ? [] : [options.objective.metric]);
  const stamped = lines.map((line, index) => `${new Date(START + index * 10_000).toISOString()} ${line}`).join('\n');
  return foldAll(from, readChunk(stamped, { wanted, nowMs: 0 }).readings);
};

const place = (lines: readonly string[], options: ProgressOptions = {}): unknown => {
  const { percent, step, total } = progressOf(print(lines, options), START) ?? {};
  return [percent, step, total];
};

describe('percent, step and total', () => {
  test.each<{ name: string; lines: string[]; want: unknown[]; options?: ProgressOptions }>([
    { name: 'epochs from 1', lines: ['epoch=3 epochs=10 loss=1'], want: [30, 3, 10] },
    { name: 'epochs from 0', lines: ['epoch=0 epochs=4 loss=1', 'epoch=1 epochs=4 loss=1'], want: [50, 2, 4] },
    { name: 'steps', lines: ['step=450 total_steps=1000 loss=1'], want: [45, 450, 1000] },
    { name: 'no total', lines: ['step=450 loss=1'], want: [undefined, 450, undefined] },
    {
      name: 'a total from the parameters',
      lines: ['[11]\teval-auc:0.9'],
      options: { totals: { steps: 48 } },
      want: [25, 12, 48],
    },
    { name: 'steps inside an epoch', lines: ['Epoch [3/10], Step [45/100], Loss: 0.2'], want: [24.5, 2.45, 10] },
    {
      name: 'Keras, in an epoch and at its end',
      lines: ['Epoch 3/10', '50/100 ━━ 3s 8ms/step - loss: 0.3'],
      want: [25, 2.5, 10],
    },
    {
      name: 'Keras, at the start of the next epoch',
      lines: ['Epoch 3/10', '100/100 ━━ 3s 8ms/step - loss: 0.3', 'Epoch 4/10'],
      want: [30, 3, 10],
    },
    {
      name: 'Lightning with epochs from the parameters',
      lines: ['Epoch 1: 50%|█| 16/32 [00:03<00:04, 12.3it/s, v_num=0, train_loss=0.3]'],
      options: { totals: { epochs: 3 } },
      want: [50, 1.5, 3],
    },
    {
      name: 'a bar of all steps, with another one during evaluation',
      lines: ['50%|█| 20/40 [00:00<00:00, 790.58it/s]', "{'loss': 0.5, 'epoch': 1.0}", '40%|█| 2/5 [00:00<?, 9it/s]'],
      want: [50, 20, 40],
    },
    {
      name: 'a bar that starts over tells nothing of the whole',
      lines: ['50%|█| 20/40 [00:00<00:00, 9it/s]', '10%|█| 4/40 [00:00<00:00, 9it/s]'],
      want: [undefined, undefined, undefined],
    },
    {
      name: 'a bar that starts over, beside epochs',
      lines: ['epoch=1 epochs=2 loss=1', '100%|█| 40/40 [0:00:00<00:00, 9it/s]', '50%|█| 20/40 [00:00<00:00, 9it/s]'],
      want: [50, 1, 2],
    },
    {
      name: 'steps of the whole beside epochs',
      lines: ['epoch=3 epochs=10 step=250 steps=1000 loss=1'],
      want: [25, 250, 1000],
    },
    {
      name: 'steps of the epoch beside epochs',
      lines: ['epoch=3 epochs=10 step=45 steps=100 loss=1'],
      want: [24.5, 2.45, 10],
    },
    { name: 'more than all is all', lines: ['epoch=11 epochs=10 loss=1'], want: [100, 11, 10] },
  ])('$name', ({ lines, want, options }) => expect(place(lines, options)).toEqual(want));
});

describe('seconds left', () => {
  const epochs = (count: number): string[] =>
    Array.from({ length: count }, (_, i) => `epoch=${i + 1} epochs=100 loss=1`);

  test('come from the median of recent rates', () => {
    const state = print(epochs(40));
    expect(progressOf(state, START + 390_000)?.etaSeconds).toBe(600);
    expect(progressOf(state, START + 395_000)?.etaSeconds).toBe(595);
  });

  test('do not jump because of one long pause', () => {
    const state = fold(print(epochs(40)), {
      epoch: { number: 41, of: 100, isRunning: false },
      metrics: {},
      atMs: START + 390_000 + 600_000,
    });
    expect(progressOf(state, START + 990_000)?.etaSeconds).toBe(590);
  });

  test('are unknown after one reading, and 0 at the end', () => {
    expect(progressOf(print(epochs(1)), START)?.etaSeconds).toBeUndefined();
    expect(progressOf(print(epochs(100)), START + 1e6)).toMatchObject({ percent: 100, etaSeconds: 0 });
  });

  test('never count down to nothing while a step takes long', () =>
    expect(progressOf(print(epochs(40)), START + 390_000 + 1e7)?.etaSeconds).toBe(300));
});

describe('metrics', () => {
  test('latest, and best by what is better', () => {
    const state = print(['epoch=1 loss=0.5 accuracy=0.9 lr=0.1', 'epoch=2 loss=0.6 accuracy=0.8 lr=0.01']);
    expect(metricsOf(state)).toEqual({
      latest: { loss: 0.6, accuracy: 0.8, lr: 0.01 },
      best: { loss: 0.5, accuracy: 0.9 },
      curve: [
        { step: 1, values: { loss: 0.5, accuracy: 0.9, lr: 0.1 } },
        { step: 2, values: { loss: 0.6, accuracy: 0.8, lr: 0.01 } },
      ],
    });
  });

  test('the objective says what is better, also of a name that nobody knows', () => {
    const objective = { metric: 'usefulness', goal: 'minimize' } as const;
    const state = print(['usefulness=3', 'usefulness=2', 'usefulness=4'], { objective });
    expect(metricsOf(state)?.best).toEqual({ usefulness: 2 });
    expect(objectiveValues(state)).toEqual({
      latest: 4,
      best: 2,
      curve: [
        [1, 3],
        [2, 2],
        [3, 4],
      ],
    });
  });

  test('the objective is found under the name that a library gives it', () => {
    const objective = { metric: 'auc', goal: 'maximize' } as const;
    const state = print(["[1]\ttrain's auc: 0.99\tvalid's auc: 0.9", "[2]\ttrain's auc: 0.99\tvalid's auc: 0.8"], {
      objective,
    });
    expect(objectiveValues(state)).toMatchObject({ latest: 0.8, best: 0.9 });
  });

  test('without an objective there are no values of it', () =>
    expect(objectiveValues(print(['loss=1']))).toEqual({ curve: [] }));

  test('what is no number is told, not shown', () => {
    const state = print(['epoch=1 loss=0.5', 'epoch=2 loss=nan', 'epoch=3 loss=nan']);
    expect(metricsOf(state)).toMatchObject({ latest: { loss: 0.5 }, note: 'loss is NaN since epoch 2.' });
    expect(metricsOf(print(['epoch=4 loss=0.4'], {}, state))).not.toHaveProperty('note');
    expect(metricsOf(print(['step=7 loss=inf']))).toEqual({ note: 'loss is infinite since step 7.' });
  });

  test('values of one epoch are one point', () => {
    const state = print([
      'Epoch 1/2',
      '1/2 ━ 1s 1s/step - loss: 3',
      '2/2 ━ 1s 1s/step - loss: 2 - val_loss: 4',
      'Epoch 2/2',
    ]);
    expect(metricsOf(state)?.curve).toEqual([{ step: 1, values: { loss: 2, val_loss: 4 } }]);
  });

  test('a training that goes on from a checkpoint overwrites what came after it', () => {
    const state = print(['step=1 loss=4', 'step=2 loss=3', 'step=3 loss=2', 'step=2 loss=2.5']);
    expect(metricsOf(state)?.curve?.map(({ step, values }) => [step, values.loss])).toEqual([
      [1, 4],
      [2, 2.5],
    ]);
  });

  test('metrics are bounded in number', () => {
    const pairs = Array.from({ length: 30 }, (_, i) => `loss_${i}=1`);
    const state = print([`epoch=1 ${pairs.join(' ')}`, `epoch=2 ${pairs.map((pair) => `x${pair}`).join(' ')}`]);
    expect(Object.keys(state.latest)).toHaveLength(32);
    expect(Object.keys(state.curve.points[0]?.values ?? {})).toHaveLength(8);
  });
});

test('of many metrics the objective is drawn, and what has a direction', () => {
  const objective = { metric: 'usefulness', goal: 'maximize' } as const;
  const plain = Array.from({ length: 9 }, (_, i) => `p${i}=1`).join(' ');
  const state = print([`epoch=1 ${plain} usefulness=3 val_loss=2`], { objective });
  expect(Object.keys(state.curve.points[0]?.values ?? {})).toEqual(expect.arrayContaining(['usefulness', 'val_loss']));
});

describe('the curve', () => {
  const many = (count: number): ProgressState =>
    print(Array.from({ length: count }, (_, i) => `step=${i + 1} loss=${i === 336 ? 0.1 : 1 + 1 / (i + 1)}`));

  test.each([100, 101, 250, 1999])(
    'of %d steps keeps at most a hundred points, first, last and best among them',
    (count) => {
      const steps = (metricsOf(many(count))?.curve ?? []).map(({ step }) => step);
      expect(steps.length).toBeLessThanOrEqual(100);
      expect(steps.length).toBeGreaterThanOrEqual(Math.min(45, count));
      expect([steps.at(0), steps.at(-1)]).toEqual([1, count]);
      if (count > 337) expect(steps).toContain(337);
      expect(steps).toEqual(steps.toSorted((a, b) => a - b));
    },
  );

  test('is evenly spaced', () => {
    const steps = (metricsOf(many(1999))?.curve ?? []).map(({ step }) => step).filter((step) => step !== 337);
    const gaps = steps.slice(1).map((step, index) => step - (steps[index] ?? 0));
    expect(Math.max(...gaps) / Math.max(1, Math.min(...gaps.slice(0, -1)))).toBeLessThanOrEqual(3);
  });

  test('a state is small', () => expect(JSON.stringify(many(1999)).length).toBeLessThan(10_000));
});

describe('after a restart of the operator', () => {
  const before = print(Array.from({ length: 60 }, (_, i) => `step=${i + 1} steps=100 loss=${100 - i}`));
  const status = { progress: progressOf(before, START), metrics: metricsOf(before) };
  const restored = startProgress({}, JSON.parse(JSON.stringify(status)));

  test('status is shown until something is read', () => {
    expect(progressOf(restored, START + 1e6)).toEqual(status.progress);
    expect(metricsOf(restored)).toEqual(status.metrics);
  });

  test('the log goes on from there, also where lines are read twice', () => {
    const state = print(
      ['step=59 steps=100 loss=42', 'step=60 steps=100 loss=41', 'step=61 steps=100 loss=40'],
      {},
      restored,
    );
    expect(progressOf(state, START)).toMatchObject({ percent: 61, step: 61, total: 100 });
    expect(metricsOf(state)).toMatchObject({ latest: { loss: 40 }, best: { loss: 40 } });
    expect(metricsOf(state)?.curve?.map(({ step }) => step)).toEqual(Array.from({ length: 61 }, (_, i) => i + 1));
  });
});

describe('worthWriting', () => {
  const shown = (percent: number, loss?: number, second = 0): Shown => ({
    progress: { percent, step: percent, observedAt: new Date(START + second * 1000).toISOString() },
    ...(loss === undefined ? {} : { metrics: { latest: { loss } } }),
  });
  test.each([
    { name: 'nothing was read', was: {}, is: {}, seconds: 60, want: false },
    { name: 'the first reading', was: {}, is: shown(1), seconds: 0, want: true },
    { name: 'more, too soon', was: shown(1, 1), is: shown(2, 1), seconds: 9, want: false },
    { name: 'more, after a while', was: shown(1, 1), is: shown(2, 1), seconds: 10, want: true },
    { name: 'the same, after a while', was: shown(1, 1), is: shown(1, 1, 60), seconds: 60, want: false },
    { name: 'the first metrics', was: shown(1), is: shown(1, 1), seconds: 1, want: true },
    { name: 'the end', was: shown(99, 1), is: shown(100, 1), seconds: 1, want: true },
    { name: 'the end, shown already', was: shown(100, 1), is: shown(100, 2), seconds: 1, want: false },
  ])('$name: $want', ({ was, is, seconds, want }) => {
    expect(worthWriting(was, is, START + seconds * 1000)).toBe(want);
    expect(decideShown(was, is, START + seconds * 1000)).toBe(want ? is : was);
  });
});

test('totalsOf reads the usual names', () => {
  expect(totalsOf({ numEpochs: 5, n_estimators: 100 })).toEqual({ epochs: 5, steps: 100 });
  expect(totalsOf({ epochs: 'many', maxSteps: 0 })).toEqual({});
});
