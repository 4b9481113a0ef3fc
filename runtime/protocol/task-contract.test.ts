import { expect, test } from '@jest/globals';
import { TASKS } from '../../crds/schema/model.ts';
import type { Datatype } from './datatype.ts';
import { findTaskMismatch } from './task-contract.ts';

const spec = (name: string, datatype: Datatype, ...shape: number[]) => ({ name, datatype, shape });
const pixels = spec('pixel_values', 'FP32', -1, 3, 224, 224);
const ids = spec('input_ids', 'INT64', -1, -1);
const mask = spec('attention_mask', 'INT64', -1, -1);
const scores = spec('logits', 'FP32', -1, 10);
const table = spec('features', 'FP32', -1, 4);
const label = spec('label', 'INT64', -1);
const boxes = spec('pred_boxes', 'FP32', -1, 100, 4);
const texts = spec('text', 'BYTES', -1, 1);

test.each([
  ['image-classification', [pixels], [scores]],
  ['image-classification', [spec('image', 'UINT8', 1, 28, 28, 1)], [scores, label]],
  ['tabular-classification', [table], [label, scores]],
  ['tabular-classification', [spec('age', 'INT64', -1, 1), spec('town', 'BYTES', -1, 1)], [label]],
  ['tabular-regression', [table], [spec('y', 'FP32', -1, 1)]],
  ['text-classification', [ids, mask], [scores]],
  ['text-classification', [texts], [scores]],
  ['token-classification', [ids, mask], [spec('logits', 'FP32', -1, -1, 9)]],
  ['feature-extraction', [ids, mask, spec('token_type_ids', 'INT64', -1, -1)], [spec('h', 'FP32', -1, -1, 384)]],
  ['object-detection', [pixels], [spec('logits', 'FP32', -1, 100, 92), boxes]],
  ['object-detection', [pixels, spec('pixel_mask', 'INT64', -1, -1, -1)], [boxes]],
  ['sentence-similarity', [ids, mask], [spec('last_hidden_state', 'FP32', -1, -1, 384)]],
  ['text-ranking', [ids, mask], [spec('logits', 'FP32', -1, 1)]],
  ['zero-shot-classification', [ids, mask], [spec('logits', 'FP32', -1, 3)]],
  ['fill-mask', [ids, mask], [spec('logits', 'FP32', -1, -1, 30_522)]],
  ['custom', [spec('whatever', 'BOOL')], []],
])('%s is met by fitting tensors', (task, inputs, outputs) => {
  expect(findTaskMismatch(task, { inputs, outputs })).toBeUndefined();
});

test.each([
  ['image-classification', [table], [scores], 'features FP32[-1, 4]'],
  ['image-classification', [pixels, mask], [scores], 'attention_mask'],
  ['image-classification', [pixels], [label], 'scores of floats'],
  ['image-classification', [spec('x', 'FP32', 1, 7, 9, 8)], [scores], '1, 3 or 4 channels'],
  ['tabular-classification', [pixels], [scores], 'pixel_values'],
  ['tabular-regression', [table], [label], 'predictions of floats'],
  ['text-classification', [mask], [scores], 'input_ids'],
  ['text-classification', [ids, spec('extra', 'INT64', -1, -1)], [scores], 'extra'],
  ['token-classification', [ids], [scores], '[batch, sequence, classes]'],
  ['object-detection', [pixels], [scores], 'boxes of floats'],
  ['object-detection', [pixels, mask], [boxes], 'pixel_mask of integers'],
  ['text-ranking', [ids], [scores], 'one score of floats'],
  ['fill-mask', [ids], [scores], '[batch, sequence, classes]'],
  ['no-such-task', [table], [scores], 'There is no task'],
])('%s is not met, and the sentence says what is needed and what is there', (...[task, inputs, outputs, says]) => {
  expect(findTaskMismatch(task, { inputs, outputs })).toContain(says);
});

test('every task of the schema has a contract', () => {
  for (const task of TASKS) expect(findTaskMismatch(task, { inputs: [], outputs: [] }) ?? '').not.toContain('no task');
});
