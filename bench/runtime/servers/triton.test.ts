import { expect, test } from '@jest/globals';
import { tritonConfig } from './triton.ts';

test('a batched model leaves the batch out of its shapes', () => {
  expect(tritonConfig('M', true)).toContain('input [ { name: "x" data_type: TYPE_FP32 dims: [ 64 ] } ]');
  expect(tritonConfig('M', true)).toContain('dynamic_batching { }');
});

test('a model that is not batched has the batch in its shapes', () => {
  expect(tritonConfig('S', false)).toContain('max_batch_size: 0');
  expect(tritonConfig('S', false)).toContain('{ name: "label" data_type: TYPE_INT64 dims: [ -1 ] }');
});
