import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ModelReason, ServiceReason, TrainingReason } from '../crds/schema/reasons.ts';

const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && existsSync(file));
const pages = tracked.filter((file) => file.endsWith('.md'));

describe('troubleshooting.md has every reason once', () => {
  const [models = '', services = '', trainings = ''] = readFileSync('docs/troubleshooting.md', 'utf8').split(
    /^## (?:InferenceService|TrainingJob)$/m,
  );
  const rows = (text: string) =>
    [...text.matchAll(/^\| ([A-Z]\w+) +\|/gm)].map((match) => match[1] ?? '').toSorted((a, b) => a.localeCompare(b));
  const sorted = (reasons: object) => Object.values(reasons).toSorted((a: string, b: string) => a.localeCompare(b));

  test('of Model', () => expect(rows(models)).toEqual(sorted(ModelReason)));
  test('of InferenceService', () => expect(rows(services)).toEqual(sorted(ServiceReason)));
  test('of TrainingJob', () => expect(rows(trainings)).toEqual(sorted(TrainingReason)));
});

test('every link inside the documents leads somewhere', () => {
  const broken = pages.flatMap((page) =>
    [...readFileSync(page, 'utf8').matchAll(/\]\((?!https?:|mailto:|#)([^)\s#]+)/g)]
      .map((match) => match[1] ?? '')
      .filter((target) => !existsSync(join(dirname(page), decodeURI(target))))
      .map((target) => `${page}: ${target}`),
  );
  expect(broken).toEqual([]);
});

describe('READMEs of folders', () => {
  const folderReadmes = pages.filter(
    (page) => /.+\/README\.md$/.test(page) && !page.startsWith('docs/') && !page.startsWith('library/'),
  );

  test.each(folderReadmes)('%s has at most 20 lines', (page) => {
    expect(readFileSync(page, 'utf8').trimEnd().split('\n').length).toBeLessThanOrEqual(20);
  });

  test('exist in every folder with code', () => {
    const folders = new Set(
      tracked.filter((file) => file.endsWith('.ts') && file.includes('/')).map((file) => dirname(file)),
    );
    const bare = [...folders].filter(
      (folder) => !/testdata|testing|__snapshots__/.test(folder) && !existsSync(join(folder, 'README.md')),
    );
    expect(bare).toEqual([]);
  });
});

test('no file names this machine', () => {
  const named = tracked.filter(
    (file) =>
      !file.endsWith('.onnx') &&
      !file.endsWith('.png') &&
      /(^|[\s"'`=(])\/(work|root)\//m.test(readFileSync(file, 'utf8')),
  );
  expect(named).toEqual([]);
});
