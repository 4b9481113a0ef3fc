import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { requiredRights } from './kinds.ts';

interface Role {
  kind: string;
  rules?: { apiGroups: string[]; resources: string[]; verbs: string[] }[];
}

const granted = (): Set<string> => {
  const text = readFileSync(join(import.meta.dirname, '../deploy/aimass.yaml'), 'utf8');
  const roles = parseAllDocuments(text)
    .map((document) => document.toJS() as Role | null)
    .filter((object) => object?.kind === 'ClusterRole' || object?.kind === 'Role');
  const rules = roles.flatMap((role) => role?.rules ?? []);
  return new Set(
    rules.flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) => resources.flatMap((one) => verbs.map((verb) => `${group}/${one}:${verb}`))),
    ),
  );
};

test('the install manifest grants every right that the operator uses', () => {
  const rights = granted();
  expect(requiredRights().filter((right) => !rights.has(right))).toEqual([]);
});
