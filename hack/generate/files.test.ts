import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { CLIENT_SIDE_APPLY_LIMIT_BYTES, generatedFiles, tooLarge } from './files.ts';

const root = join(import.meta.dirname, '../..');
const files = generatedFiles();

test('what is committed is what the schema says', () => {
  expect(execFileSync(process.execPath, [join(root, 'hack/generate.ts'), '--check'], { encoding: 'utf8' })).toBe('');
});

test('every manifest in crds/ is generated: kubectl apply -f crds/ applies nothing else', () => {
  const manifests = readdirSync(join(root, 'crds')).filter((name) => /\.(ya?ml|json)$/.test(name));
  expect(manifests.filter((name) => !files.has(`crds/${name}`))).toEqual([]);
  expect(manifests).toHaveLength(3);
});

test('the chart carries the same manifests', () => {
  for (const [path, text] of files) {
    if (path.startsWith('charts/aimass/files/')) expect(text).toBe(files.get(path.replace('charts/aimass/files/', '')));
  }
});

test('manifests are YAML without anchors, which some tools do not read', () => {
  for (const [path, text] of files) {
    if (!/crds\/.*\.yaml$/.test(path)) continue;
    expect(parse(text)).toMatchObject({ kind: 'CustomResourceDefinition' });
    expect(text).not.toMatch(/: [&*]\w+$/m);
  }
});

test.each([
  { name: 'a manifest of the largest size passes', bytes: CLIENT_SIDE_APPLY_LIMIT_BYTES, want: 0 },
  { name: 'one byte more is refused', bytes: CLIENT_SIDE_APPLY_LIMIT_BYTES + 1, want: 1 },
])('$name', ({ bytes, want }) => {
  expect(tooLarge(new Map([['crds/big.yaml', 'x'.repeat(bytes)]]))).toHaveLength(want);
});

test('nothing generated is too large for client-side apply', () => expect(tooLarge(files)).toEqual([]));
