import { expect, test } from '@jest/globals';
import { imageNodeFlags, podHeapFlag } from './operator-process.ts';

test('the operator runs with the flags of its image', () => {
  expect(imageNodeFlags('FROM x\nENTRYPOINT ["node", "--max-semi-space-size=2", "/app/operator.mjs"]\n')).toEqual([
    '--max-semi-space-size=2',
  ]);
});

test('a Containerfile without an entry point is an error', () => {
  expect(() => imageNodeFlags('FROM x\n')).toThrow('ENTRYPOINT');
});

test('the heap is as large as in a pod with the memory limit of the chart', () => {
  expect(podHeapFlag('operator: {resources: {limits: {memory: 512Mi}}}')).toBe('--max-old-space-size=256');
});
