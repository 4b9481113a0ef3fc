import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { readChunk, type Chunk } from '../decide/training-job/log-lines/read-chunk.ts';
import { foldAll } from '../decide/training-job/progress/fold.ts';
import { startProgress, type ProgressOptions } from '../decide/training-job/progress/state.ts';
import { metricsOf, objectiveValues, progressOf } from '../decide/training-job/progress/summary.ts';

const read = (name: string): Chunk => {
  const path = new URL(`../decide/training-job/log-lines/testdata/${name}.txt`, import.meta.url);
  return readChunk(readFileSync(path, 'utf8'), { wanted: new Set(), nowMs: 0 });
};

/** What libraries really printed, to the last line (log-lines/testdata). */
test.each<{
  name: string;
  options?: ProgressOptions;
  place: unknown[];
  want?: { latest?: Record<string, number>; best?: Record<string, number>; curve?: number[] };
}>([
  {
    name: 'lightgbm',
    options: { totals: { steps: 12 } },
    place: [33.3, 4, 12],
    want: {
      latest: {
        train_binary_logloss: 0.45348,
        train_auc: 0.98514,
        valid_binary_logloss: 0.474377,
        valid_auc: 0.965745,
      },
      curve: [1, 2, 3, 4],
    },
  },
  {
    name: 'lightgbm-cv',
    place: [undefined, 5, undefined],
    want: { best: { valid_auc: 0.966246 }, curve: [1, 2, 3, 4, 5] },
  },
  {
    name: 'xgboost',
    options: { totals: { steps: 12 } },
    place: [100, 12, 12],
    want: {
      latest: { 'train-logloss': 0.07567, 'train-auc': 0.99969, 'eval-logloss': 0.28255, 'eval-auc': 0.95473 },
      best: { 'train-logloss': 0.07567, 'train-auc': 0.99969, 'eval-logloss': 0.27986, 'eval-auc': 0.95693 },
      curve: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
    },
  },
  {
    name: 'xgboost-cv',
    place: [undefined, 4, undefined],
    want: { latest: { 'train-auc': 0.99475, 'test-auc': 0.95974 } },
  },
  {
    name: 'keras-one-line',
    place: [100, 3, 3],
    want: {
      latest: { accuracy: 0.525, auc: 0.5372, loss: 0.6949, val_accuracy: 0.4875, val_auc: 0.4897, val_loss: 0.7081 },
      curve: [1, 2, 3],
    },
  },
  { name: 'keras-ascii', place: [100, 3, 3], want: { curve: [1, 2, 3] } },
  { name: 'keras', place: [100, 3, 3], want: { curve: [1, 2, 3] } },
  {
    name: 'lightning',
    options: { totals: { epochs: 3 } },
    place: [100, 3, 3],
    want: { latest: { loss: 0.375, train_loss: 0.253, val_loss: 0.338 }, curve: [1, 2, 3] },
  },
  {
    name: 'transformers',
    place: [100, 40, 40],
    want: {
      latest: {
        loss: 0.4654,
        learning_rate: 0,
        eval_loss: 0.4934678077697754,
        eval_accuracy: 0.775,
        train_loss: 0.5129865646362305,
      },
      best: { loss: 0.4517, eval_loss: 0.4934678077697754, eval_accuracy: 0.775, train_loss: 0.5129865646362305 },
    },
  },
  { name: 'tqdm-plain', place: [100, 40, 40] },
  { name: 'tqdm-postfix', place: [100, 30, 30], want: { latest: { loss: 0.0333, acc: 0.9 } } },
  { name: 'tqdm-nested', place: [100, 3, 3] },
  { name: 'tqdm-slow', place: [100, 3, 3], want: { latest: { loss: 0.5, val_acc: 0.7 } } },
])('$name', ({ name, options, place, want = {} }) => {
  const state = foldAll(startProgress(options), read(name).readings);
  const { percent, step, total } = progressOf(state, 0) ?? {};
  const { curve = [], ...metrics } = metricsOf(state) ?? {};
  expect([percent, step, total]).toEqual(place);
  expect({ ...metrics, curve: curve.map((point) => point.step) }).toMatchObject(want);
});

test('a download is no training', () => expect(read('tqdm-unit').readings).toEqual([]));

test('the objective of a search is found in what XGBoost prints', () => {
  const options = { objective: { metric: 'auc', goal: 'maximize' } } as const;
  const { latest, best, curve } = objectiveValues(foldAll(startProgress(options), read('xgboost').readings));
  expect([latest, best, curve.length]).toEqual([0.95473, 0.95693, 12]);
});
