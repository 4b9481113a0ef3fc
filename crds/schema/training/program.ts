import { z } from 'zod';
import { hasUniqueNames, withRules } from '../rules.ts';
import { objectName } from '../shared.ts';

/** Toolkits whose own launcher the environment is set up for. */
export const FRAMEWORKS = [
  'pytorch',
  'tensorflow',
  'paddlepaddle',
  'mxnet',
  'caffe',
  'horovod',
  'sklearn',
  'custom',
] as const;
export type Framework = (typeof FRAMEWORKS)[number];

/** Built-in trainers, each named by the task that it trains for. */
const RECIPES = [
  'tabular-classification',
  'tabular-regression',
  'text-classification',
  'text-ranking',
  'image-classification',
  'feature-extraction',
] as const;

/** A value that reaches the code: text, number or boolean. */
export type Scalar = string | number | boolean;

const isScalar = (value: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof value);

/** Parameters by name. Their values are of any scalar type, which a structural schema cannot say. */
export const parameters = z
  .looseObject({})
  .refine((all) => Object.values(all).every(isScalar), 'each parameter must be a text, a number or a boolean')
  .meta({ 'x-kubernetes-preserve-unknown-fields': true, maxProperties: 64 });

/** A built-in trainer. */
export const recipe = z.strictObject({
  name: z.enum(RECIPES).describe('Which built-in trainer. It is named by the task that it trains for.'),
  options: parameters
    .optional()
    .describe(
      'Options of the recipe, such as `model`, `epochs` or `learningRate`; docs/toolkit lists them. What stands in spec.parameters wins.',
    ),
});

const variable = withRules(
  z.strictObject({
    name: z
      .string()
      .min(1)
      .max(256)
      .regex(/^[-._a-zA-Z][-._a-zA-Z0-9]*$/)
      .describe('Name of the variable.'),
    value: z.string().max(32_768).optional().describe('Its value. `$(parameters.NAME)` stands for a parameter.'),
    secretKeyRef: z
      .strictObject({
        name: objectName.describe('Name of the Secret, in the same namespace.'),
        key: z.string().min(1).max(253).describe('Key in it.'),
      })
      .optional()
      .describe('Takes the value from a Secret, for tokens and passwords.'),
  }),
  {
    rule: 'has(self.value) != has(self.secretKeyRef)',
    message: 'give either value or secretKeyRef',
    holds: ({ value, secretKeyRef }) => (value === undefined) !== (secretKeyRef === undefined),
  },
);

/** Variables of the training container. */
export const environment = z
  .array(variable)
  .max(64)
  .refine(hasUniqueNames, 'must not name a variable twice')
  .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
  .describe('Variables of the training container, beside those that AI Mass sets.');

/** Words of a command line. */
export const words = z.array(z.string().max(32_768)).max(256).meta({ 'x-kubernetes-list-type': 'atomic' });

/** Code that is mounted, with no image to build. */
export const code = z
  .strictObject({
    configMap: z
      .strictObject({
        name: objectName.describe('Name of the ConfigMap, in the same namespace; its keys are the files.'),
      })
      .describe('The ConfigMap that holds the files.'),
  })
  .describe(
    'Files that are mounted at /aimass/code, which is then the working directory: code runs with no image to build. `aimass train DIR` makes it.',
  );
