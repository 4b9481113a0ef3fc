import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ModelReason, ServiceReason, TrainingReason } from './reasons.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/troubleshooting.md'), 'utf8');

/** The first column of the table under a heading. */
const explained = (kind: string): string[] => {
  const section = page.split(`\n## ${kind}\n`)[1]?.split('\n## ')[0] ?? '';
  return [...section.matchAll(/^\| ([A-Z]\w+) +\|/gm)].map(([, reason = '']) => reason);
};

describe.each([
  { kind: 'Model', reasons: ModelReason },
  { kind: 'InferenceService', reasons: ServiceReason },
  { kind: 'TrainingJob', reasons: TrainingReason },
])('docs/troubleshooting.md', ({ kind, reasons }) => {
  test(`explains each reason of a ${kind} once, and no other`, () => {
    expect(explained(kind).sort()).toEqual(Object.values(reasons).sort());
  });
});
