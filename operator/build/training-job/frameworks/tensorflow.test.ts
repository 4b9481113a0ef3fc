import { expect, test } from '@jest/globals';
import { tensorflowEnvironment } from './tensorflow.ts';
import { seenBy, workers } from './testing.ts';

const cluster = { worker: ['digits-r1-train-1-0.digits-workers:2222', 'digits-r1-train-1-1.digits-workers:2222'] };

test.each([
  { name: 'the chief', index: 0 },
  { name: 'the second worker', index: 1 },
])('tensorflow, $name finds itself in the cluster', ({ index }) => {
  const { TF_CONFIG = '' } = seenBy(index, tensorflowEnvironment(workers({ count: 2 })));
  expect(JSON.parse(TF_CONFIG)).toEqual({ cluster, task: { type: 'worker', index } });
});

test('tensorflow, one worker is no cluster', () => {
  expect(tensorflowEnvironment(workers({}))).toEqual({});
});
