import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { objectSchema } from './crd.ts';
import { kinds } from './kinds.ts';
import type { SchemaNode } from './structural.ts';
import { toStructuralSchema, walkSchema } from './structural.ts';

describe('toStructuralSchema', () => {
  test.each([
    {
      name: 'a defaulted field stays optional, so that the API server fills it',
      schema: z.object({ key: z.string().default('x') }),
      want: { type: 'object', properties: { key: { type: 'string', default: 'x' } } },
    },
    {
      name: 'a strict object loses additionalProperties',
      schema: z.strictObject({ a: z.boolean() }).partial(),
      want: { type: 'object', properties: { a: { type: 'boolean' } } },
    },
    {
      name: 'a loose object keeps only the mark that keeps unknown fields',
      schema: z.looseObject({}).meta({ 'x-kubernetes-preserve-unknown-fields': true }),
      want: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    },
    {
      name: 'a map keeps the schema of its values only',
      schema: z.record(z.string(), z.boolean()),
      want: { type: 'object', additionalProperties: { type: 'boolean' } },
    },
    {
      name: 'int-or-string has neither type nor anyOf',
      schema: z.union([z.string(), z.int32()]).meta({ 'x-kubernetes-int-or-string': true, pattern: '^1$' }),
      want: { 'x-kubernetes-int-or-string': true, pattern: '^1$' },
    },
    {
      name: 'a 32-bit integer says its width by its format',
      schema: z.int32(),
      want: { type: 'integer', format: 'int32' },
    },
    {
      name: 'bounds that were meant stay',
      schema: z.int32().min(1).max(9),
      want: { type: 'integer', format: 'int32', minimum: 1, maximum: 9 },
    },
    {
      name: 'a safe integer is 64 bits wide',
      schema: z.int().min(0),
      want: { type: 'integer', format: 'int64', minimum: 0 },
    },
    { name: 'any number is a double', schema: z.number(), want: { type: 'number', format: 'double' } },
    {
      name: 'a time is checked by format, not by pattern',
      schema: z.iso.datetime(),
      want: { type: 'string', format: 'date-time' },
    },
  ])('$name', ({ schema, want }) => expect(toStructuralSchema(schema)).toEqual(want));
});

const FORBIDDEN = ['$ref', '$defs', 'definitions', 'anyOf', 'oneOf', 'allOf', 'not', 'propertyNames', 'const', 'id'];
const isIntOrString = ({ node }: SchemaNode): boolean => node['x-kubernetes-int-or-string'] === true;
const OPEN =
  /^spec\.placement\.affinity\.\w+$|(^|\.)(parameters|options)$|^spec\.search\..*\.(values|in)\[\]$|^status\.(compression|stages\[\]\.result)$/;
const isAnyScalar = ({ path, node }: SchemaNode): boolean =>
  /\.(values|in)\[\]$/.test(path) && node['x-kubernetes-preserve-unknown-fields'] === true;
const isBelow = ({ path }: SchemaNode, ...roots: readonly string[]): boolean =>
  roots.some((root) => path.startsWith(`${root}.`));

const rules: readonly { name: string; holds: (node: SchemaNode) => boolean }[] = [
  {
    name: 'holds nothing that a structural schema may not hold',
    holds: ({ node }) => FORBIDDEN.every((key) => !(key in node)),
  },
  {
    name: 'has a type, or is int-or-string, or is a scalar of any type',
    holds: (at) => (at.node.type !== undefined) !== (isIntOrString(at) || isAnyScalar(at)),
  },
  {
    name: 'has properties or values, not both',
    holds: ({ node }) => !('properties' in node && 'additionalProperties' in node),
  },
  {
    name: 'refuses unknown fields, but for affinity, parameters, and what stages report',
    holds: ({ path, node }) => node['x-kubernetes-preserve-unknown-fields'] === undefined || OPEN.test(path),
  },
  { name: 'lists have items', holds: ({ node }) => (node.type === 'array') === (node.items !== undefined) },
  {
    name: 'the keys of a list map are required or defaulted',
    holds: ({ node }) =>
      ((node['x-kubernetes-list-map-keys'] ?? []) as string[]).every((key) => node.items?.required?.includes(key)),
  },
  {
    name: 'is explained in a sentence',
    holds: (at) =>
      !isBelow(at, 'spec', 'status') || /(\[\]|\{\})$/.test(at.path) || /[.:]$/.test(at.node.description ?? ''),
  },
  {
    name: 'texts that people write are bounded, so that CEL rules stay cheap',
    holds: (at) => {
      const { type, enum: values, maxLength, pattern } = at.node;
      return !isBelow(at, 'spec') || type !== 'string' || (values ?? maxLength ?? pattern) !== undefined;
    },
  },
  {
    name: 'lists and maps that people write are bounded',
    holds: (at) => {
      const { type, additionalProperties, maxItems, maxProperties } = at.node;
      if (!isBelow(at, 'spec')) return true;
      return (
        (type !== 'array' || maxItems !== undefined) &&
        (additionalProperties === undefined || maxProperties !== undefined)
      );
    },
  },
  {
    name: 'a default is said in the explanation too',
    holds: ({ path, node }) =>
      path === 'status' ||
      node.default === undefined ||
      (node.description ?? '').includes(`Default: ${JSON.stringify(node.default).replaceAll('"', '')}.`),
  },
];

describe.each(Object.values(kinds))('every field of $kind', (definition) => {
  const nodes = [...walkSchema(objectSchema(definition))];

  test('is walked', () => expect(nodes.length).toBeGreaterThan(50));

  test.each(rules)('$name', ({ holds }) => {
    expect(nodes.filter((node) => !holds(node)).map(({ path }) => path)).toEqual([]);
  });

  test('the paths of the scale subresource exist', () => {
    const paths = nodes.map(({ path }) => `.${path}`);
    expect(Object.values(definition.scale ?? {}).filter((path) => !paths.includes(path))).toEqual([]);
  });

  test('the paths of the columns exist', () => {
    const paths = nodes.map(({ path }) => `.${path.replaceAll('[]', '')}`);
    const wanted = definition.columns.map(({ jsonPath }) => jsonPath.replace(/\[\?.*\]/, ''));
    expect(wanted.filter((path) => !path.startsWith('.metadata.') && !paths.includes(path))).toEqual([]);
  });
});
