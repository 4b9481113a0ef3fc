import { expect, test } from '@jest/globals';
import { imageNodeFlags } from './operator-process.ts';

test('the operator runs with the flags of its image', () => {
  expect(imageNodeFlags('FROM x\nENTRYPOINT ["node", "--max-semi-space-size=2", "/app/operator.mjs"]\n')).toEqual([
    '--max-semi-space-size=2',
  ]);
});

test('a Containerfile without an entry point is an error', () => {
  expect(() => imageNodeFlags('FROM x\n')).toThrow('ENTRYPOINT');
});
