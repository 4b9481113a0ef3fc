import { expect, test } from '@jest/globals';
import { chooseVersions, parseVersionPolicy } from './version-policy.ts';

const VERSIONS = ['2', '10', '1'].map((version) => ({ version }));

test.each([
  { text: 'latest', want: ['10'] },
  { text: 'latest 2', want: ['2', '10'] },
  { text: 'latest:5', want: ['1', '2', '10'] },
  { text: 'all', want: ['1', '2', '10'] },
  { text: 'specific 1,10', want: ['1', '10'] },
  { text: 'specific 3', want: [] },
])('the policy "$text" picks $want', ({ text, want }) => {
  const policy = parseVersionPolicy(text);
  expect(policy && chooseVersions(policy, VERSIONS).map(({ version }) => version)).toEqual(want);
});

test.each(['', 'newest', 'latest 0', 'latest -1', 'latest 1 2', 'all 1', 'specific', 'specific x', 'specific 01'])(
  'no policy: "%s"',
  (text) => expect(parseVersionPolicy(text)).toBeUndefined(),
);
