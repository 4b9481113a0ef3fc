import { expect, test } from '@jest/globals';
import { ModelFailure } from './model-failure.ts';
import { EngineError } from './engine/engine.ts';
import { describeFailure, fitReport } from './termination.ts';

const tensors = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    name: `tensor-${index}-${'ü'.repeat(40)}`,
    datatype: 'FP32',
    shape: [-1, 3],
  }));

test.each([
  ['many tensors', { ok: true, opset: 17, inputs: tensors(64), outputs: tensors(64) }],
  ['a message of wide characters', { ok: false, reason: 'LoadFailed', message: '漢'.repeat(3000), retryable: false }],
])('a report with %s fits into 4,096 bytes, stays JSON and keeps the verdict', (_name, report) => {
  const text = fitReport(report);
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4096);
  expect(JSON.parse(text)).toMatchObject({ ok: report.ok });
});

test('a report that fits is not touched', () => {
  const report = { ok: true, inputs: tensors(2) };
  expect(JSON.parse(fitReport(report))).toEqual(report);
});

test.each([
  ['a failure that can pass', new ModelFailure('SourceTimeout', 'x'), { reason: 'SourceTimeout', retryable: true }],
  ['a failure that cannot', new ModelFailure('NotOnnx', 'x'), { reason: 'NotOnnx', retryable: false }],
  ['an operator', new EngineError('unsupportedOperator', 'x'), { reason: 'UnsupportedOperator', retryable: false }],
  ['a surprise', new TypeError('x'), { reason: 'LoadFailed', retryable: true }],
])('%s is put into the words of the contract', (_name, error, report) => {
  expect(describeFailure(error, 'LoadFailed')).toMatchObject({ ok: false, ...report });
});
