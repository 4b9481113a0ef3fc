import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { valueRows } from '../values-table.ts';
import { CHART } from './helm.ts';

const rows = valueRows();
const read = (path: string): string => readFileSync(path, 'utf8');

const leaves = (value: unknown, path: readonly string[] = []): string[] =>
  value !== null &&
  typeof value === 'object' &&
  !Array.isArray(value) &&
  !rows.some((row) => row.path === path.join('.'))
    ? Object.entries(value).flatMap(([key, child]) => leaves(child, [...path, key]))
    : [path.join('.')];

test('values.yaml lists exactly the values that the schema allows', () => {
  const listed = leaves(parse(read(join(CHART, 'values.yaml'))));
  expect(listed.sort()).toEqual(rows.map(({ path }) => path).sort());
});

test('every value is described in a sentence', () => {
  expect(rows.filter(({ description }) => !description.endsWith('.'))).toEqual([]);
});

test('every object of the schema refuses what it does not know', () => {
  const loose: string[] = [];
  const walk = (node: Record<string, unknown>, path: string): void => {
    if (node.properties !== undefined && node.additionalProperties !== false) loose.push(path);
    for (const [key, child] of Object.entries(node))
      if (child !== null && typeof child === 'object') walk(child as Record<string, unknown>, `${path}/${key}`);
  };
  walk(JSON.parse(read(join(CHART, 'values.schema.json'))) as Record<string, unknown>, '');
  expect(loose).toEqual([]);
});

test('chart and program have one version', () => {
  const { version } = JSON.parse(read(join(CHART, '..', '..', 'package.json'))) as { version: string };
  expect(parse(read(join(CHART, 'Chart.yaml')))).toMatchObject({ version, appVersion: version });
});
