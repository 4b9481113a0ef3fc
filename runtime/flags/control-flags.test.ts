import { expect, test } from '@jest/globals';
import { serveSettings } from './serve-settings.ts';

const read = (...flags: string[]) => serveSettings(['--models-dir', 'models', ...flags]);

test('a folder is served as it is at the start, by its newest versions, unless flags say otherwise', () => {
  expect(read()).toMatchObject({
    control: 'none',
    loadModels: [],
    versionPolicy: { kind: 'latest', count: 1 },
    repositoryApi: false,
    strictReadiness: true,
  });
  expect(read().pollSeconds).toBeUndefined();
});

test.each([
  {
    flags: ['--model-control', 'explicit', '--load-model', 'a', '--load-model', 'b'],
    want: { loadModels: ['a', 'b'] },
  },
  { flags: ['--model-control', 'on-demand', '--memory-budget', '4Gi'], want: { memoryBudget: 4 * 2 ** 30 } },
  { flags: ['--version-policy', 'specific:1,3'], want: { versionPolicy: { kind: 'specific', versions: ['1', '3'] } } },
  { flags: ['--strict-readiness', 'false', '--repository-api'], want: { strictReadiness: false, repositoryApi: true } },
])('$flags', ({ flags, want }) => expect(read(...flags)).toMatchObject(want));

test.each([
  { flags: ['--model-control', 'often'], want: 'write one of none, poll, explicit, on-demand' },
  { flags: ['--load-model', 'a'], want: '--load-model is for --model-control explicit' },
  { flags: ['--memory-budget', '1Gi'], want: '--memory-budget is for --model-control on-demand' },
  { flags: ['--model-control', 'poll', '--idle-unload-seconds', '5'], want: 'is for --model-control on-demand' },
  {
    flags: ['--model-control', 'on-demand', '--memory-budget', '1Gi', '--isolation', 'none'],
    want: 'leave --isolation none out',
  },
  { flags: ['--version-policy', 'newest'], want: '--version-policy is "newest"; write latest:2, all or specific:1,3' },
  { flags: ['--poll-seconds', '0'], want: '--poll-seconds is 0' },
])('refused: $flags', ({ flags, want }) => expect(() => read(...flags)).toThrow(want));
