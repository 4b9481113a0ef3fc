import { z } from 'zod';

/** One node of a Kubernetes structural schema, in the form that a CustomResourceDefinition holds it. */
export interface StructuralSchema {
  type?: string;
  description?: string;
  format?: string;
  default?: unknown;
  enum?: readonly unknown[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  maxProperties?: number;
  properties?: Record<string, StructuralSchema>;
  required?: string[];
  items?: StructuralSchema;
  additionalProperties?: StructuralSchema;
  [extension: `x-kubernetes-${string}`]: unknown;
}

type JsonSchema = Record<string, unknown>;

/** What zod writes and a structural schema may not hold. */
const dropKey = (node: JsonSchema, ...keys: readonly string[]): void => {
  for (const key of keys) Reflect.deleteProperty(node, key);
};

const INTEGER_RANGES = [
  { format: 'int32', minimum: -2_147_483_648, maximum: 2_147_483_647 },
  { format: 'int64', minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
] as const;

/** Says the width of a number by its format; the bounds of the width itself would only be noise in `kubectl explain`. */
const rewriteNumber = (node: JsonSchema): void => {
  const width = INTEGER_RANGES.find((range) => within(node, range)) ?? INTEGER_RANGES[1];
  node.format = node.type === 'integer' ? width.format : 'double';
  if (node.minimum === width.minimum) dropKey(node, 'minimum');
  if (node.maximum === width.maximum) dropKey(node, 'maximum');
};

const within = (node: JsonSchema, range: { minimum: number; maximum: number }): boolean =>
  Number(node.minimum) >= range.minimum && Number(node.maximum) <= range.maximum;

/** The API server checks dates by format; zod's pattern for them is 250 characters long. */
const rewriteString = (node: JsonSchema): void => {
  if (node.format === 'date-time') dropKey(node, 'pattern');
};

const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0;

/**
 * The API server rejects `additionalProperties: {}` and `false` beside `properties` (unknown fields are refused anyway),
 * and drops empty `properties`, so that a second apply would seem to change something.
 */
const rewriteObject = (node: JsonSchema): void => {
  dropKey(node, 'propertyNames');
  if (node.additionalProperties === false || isEmpty(node.additionalProperties)) dropKey(node, 'additionalProperties');
  if (isEmpty(node.properties)) dropKey(node, 'properties');
};

const rewrite = (node: JsonSchema): void => {
  if (node['x-kubernetes-int-or-string'] === true) dropKey(node, 'anyOf', 'type');
  if (node['x-kubernetes-preserve-unknown-fields'] === true) dropKey(node, 'anyOf');
  if (node.type === 'integer' || node.type === 'number') rewriteNumber(node);
  if (node.type === 'string') rewriteString(node);
  if (node.type === 'object') rewriteObject(node);
};

/** The structural schema of a zod schema: what the API server will check, and what `kubectl explain` will print. */
export const toStructuralSchema = (schema: z.ZodType): StructuralSchema =>
  z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'input', // defaulted fields stay optional, so that the API server fills them
    reused: 'inline', // `$ref` is forbidden in CRDs
    override: ({ jsonSchema }) => rewrite(jsonSchema as JsonSchema),
  }) as StructuralSchema;

/** A node and where it is, such as `spec.source.uri`; `[]` stands for a list's items and `{}` for a map's values. */
export interface SchemaNode {
  path: string;
  node: StructuralSchema;
  required: boolean;
}

/** Every node of a structural schema, parents first. */
export function* walkSchema(node: StructuralSchema, path = '', required = true): Generator<SchemaNode> {
  yield { path, node, required };
  for (const [name, child] of Object.entries(node.properties ?? {})) {
    yield* walkSchema(child, path === '' ? name : `${path}.${name}`, node.required?.includes(name) ?? false);
  }
  if (node.items !== undefined) yield* walkSchema(node.items, `${path}[]`);
  if (node.additionalProperties !== undefined) yield* walkSchema(node.additionalProperties, `${path}{}`);
}
