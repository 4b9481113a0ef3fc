import { z } from 'zod';

/** API group and version of every kind of AI Mass. */
export const GROUP = 'aimass.dev';
export const VERSION = 'v1alpha1';
export const API_VERSION = `${GROUP}/${VERSION}` as const;

/** A length of time with one unit, such as `30s`, `5m`, `24h` or `7d`. */
export const duration = z
  .string()
  .regex(/^[1-9][0-9]{0,5}(s|m|h|d)$/, 'must be a whole number with one unit, such as 30s, 5m, 24h or 7d');

/** The name of an object in the same namespace. */
export const objectName = z
  .string()
  .min(1)
  .max(253)
  .regex(
    /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/,
    'must be the name of an object: lower-case letters, digits, hyphens and dots',
  );

/** Models and services give their names to pods and jobs, which add up to 11 characters; 63 is the limit of a label. */
export const MAX_NAME_LENGTH = 52;

/** The name of a Model. */
export const modelName = z
  .string()
  .min(1)
  .max(MAX_NAME_LENGTH)
  .regex(
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
    'must be the name of a Model: lower-case letters, digits and inner hyphens',
  );

/** A key of a ConfigMap in the same namespace. */
export const configMapKey = (defaultKey: string, what: string) =>
  z.strictObject({
    name: objectName.describe(`Name of the ConfigMap, in the same namespace, that holds ${what}.`),
    key: z
      .string()
      .min(1)
      .max(253)
      .regex(/^[-._a-zA-Z0-9]+$/)
      .default(defaultKey)
      .describe(`Key inside the ConfigMap. Default: ${defaultKey}.`),
  });

/** The standard Kubernetes condition. */
const condition = z.object({
  type: z.string().max(316).describe('Name of the condition. It reads well as True.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('True, False or Unknown.'),
  observedGeneration: z
    .int32()
    .min(0)
    .optional()
    .describe('Generation of the object that this condition was decided for.'),
  lastTransitionTime: z.iso.datetime().describe('When the status of this condition last changed.'),
  reason: z.string().min(1).max(1024).describe('One word for programs: why the condition has this status.'),
  message: z.string().max(32768).describe('A sentence for people: what is the case, and what to do about it.'),
});
export type Condition = z.infer<typeof condition>;

/** The list of conditions, merged by `type` on server-side apply. */
export const conditions = z
  .array(condition)
  .max(16)
  .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] })
  .describe(
    'Ready is always present. Reconciling and Stalled are present only while true: Reconciling while work goes on, Stalled when a person has to act.',
  );

/** The part of an object's metadata that AI Mass reads. */
export interface ObjectMeta {
  name: string;
  namespace: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
}

/** Something by name and digest, in status: a data set, a model. */
const namedDigest = (what: string) => ({
  name: z.string().max(63).describe(`Name of the ${what}.`),
  digest: z.string().max(80).describe('Its digest.'),
});

/** What a training started from, in status. */
export const baseModelDigest = z.object(namedDigest('Model')).optional().describe('What training started from.');

/** Data sets by name, in status; `more` is what else is told of each. */
export const dataSets = <T extends z.ZodRawShape>(more: T) =>
  z
    .array(z.object({ ...namedDigest('data set'), ...more }))
    .max(18)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
    .optional();
