import { z } from 'zod';
import { withRules } from '../rules.ts';
import { configMapKey, duration, modelName, objectName } from '../shared.ts';

const threshold = withRules(
  z.strictObject({
    metric: z
      .string()
      .min(1)
      .max(63)
      .describe(
        'Name of the metric: accuracy, f1, auc, logLoss, rmse, mae, r2, ndcg, map, perplexity, … or one that the program reported.',
      ),
    min: z.number().optional().describe('It must not be below this.'),
    max: z.number().optional().describe('It must not be above this.'),
  }),
  {
    rule: 'has(self.min) || has(self.max)',
    message: 'a threshold needs min, max or both',
    holds: ({ min, max }) => min !== undefined || max !== undefined,
  },
  {
    rule: '!has(self.min) || !has(self.max) || self.min <= self.max',
    message: 'no value can meet this threshold: min is greater than max',
    holds: ({ min, max }) => min === undefined || max === undefined || min <= max,
  },
);

/** The gate before publishing. */
export const evaluation = z
  .strictObject({
    data: z
      .string()
      .min(1)
      .max(40)
      .optional()
      .describe('Name of the data set to judge by. Default: what prepare, or the recipe, held back.'),
    metric: z
      .string()
      .min(1)
      .max(63)
      .optional()
      .describe('The metric that runs are compared by. Default: by task, such as accuracy or rmse.'),
    thresholds: z
      .array(threshold)
      .max(16)
      .meta({ 'x-kubernetes-list-type': 'atomic' })
      .optional()
      .describe('What the trained model must reach. Below it nothing is published, and the message says by how much.'),
  })
  .describe('Measures the trained model on data that it has not seen.');

const optimize = z
  .strictObject({
    precision: z.enum(['fp16', 'int8']).optional().describe('Weights of 16 bits, or of 8 bits.'),
    quantization: z
      .enum(['dynamic', 'static'])
      .default('dynamic')
      .describe(
        'For int8: dynamic finds the ranges of activations while serving; static measures them once on training rows, which is faster for convolutions. Default: dynamic.',
      ),
    prune: z
      .number()
      .min(0.01)
      .max(0.95)
      .optional()
      .describe('Share of the weights, the smallest first, to set to zero.'),
    maxMetricDrop: z
      .number()
      .min(0)
      .max(1)
      .default(0.01)
      .describe('Published only if the metric gets worse by no more than this. Default: 0.01.'),
    metric: z.string().min(1).max(63).optional().describe('The metric that is meant. Default: that of the evaluation.'),
  })
  .describe(
    'Makes the model smaller. What does not keep maxMetricDrop is not published; the report says what was tried.',
  );

/** What comes out, and where it goes. */
export const publish = withRules(
  z.strictObject({
    convert: z
      .enum(['onnx', 'none'])
      .default('onnx')
      .describe(
        'onnx converts what training wrote. none publishes the files of the program as they are. Default: onnx.',
      ),
    optimize: optimize.optional(),
    tflite: z.boolean().default(false).describe('Also publish a TFLite file (tensorflow). Default: false.'),
    to: z
      .string()
      .max(2048)
      .regex(/^oci:\/\/[^/?#@]+(\/[a-z0-9]+([._-]+[a-z0-9]+)*)+(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?$/)
      .optional()
      .describe(
        'Registry and repository, as oci://registry/team/model; a tag may follow. Default: the registry of the platform, NAMESPACE/NAME, and the number of the run as the tag.',
      ),
    credentials: z
      .strictObject({ secretName: objectName.describe('A Secret, as in `Model.spec.credentials`.') })
      .optional()
      .describe('How to log in to the registry.'),
    caBundle: configMapKey('ca.crt', 'PEM certificates to trust beside the public ones')
      .optional()
      .describe('Extra certificate authorities of the registry.'),
    model: z
      .strictObject({ name: modelName.describe('Name of the Model.') })
      .optional()
      .describe(
        'Makes a Model that follows this job. It stays when the job is deleted. Leave it out when you write the Model yourself, with source.trainingJob.',
      ),
    promote: z
      .enum(['Always', 'Better'])
      .optional()
      .describe(
        'Which runs become the artifact that Models follow: each that is published, or only one that is not worse than the last. Default: Better with a schedule, else Always.',
      ),
    card: z
      .strictObject({
        summary: z.string().max(1024).optional().describe('What the model is for.'),
        license: z.string().max(128).optional().describe('Licence of the weights, as an SPDX identifier.'),
        tags: z
          .array(z.string().min(1).max(63))
          .max(32)
          .meta({ 'x-kubernetes-list-type': 'atomic' })
          .optional()
          .describe('Words to find it by.'),
      })
      .optional()
      .describe('For the model card that is published with it.'),
  }),
  {
    rule: "self.convert != 'none' || !(has(self.optimize) || self.tflite)",
    message: 'convert: none publishes the files as they are; leave out optimize and tflite',
    holds: ({ convert, optimize: asked, tflite }) => convert !== 'none' || (asked === undefined && !tflite),
  },
).describe('What comes out of the job: an OCI artifact, addressed by digest.');

/** Runs that come back. */
export const schedule = z
  .strictObject({
    cron: z.string().min(9).max(128).describe('When to run, in the five fields of cron. Example: `0 3 * * 1`.'),
    timeZone: z
      .string()
      .min(1)
      .max(64)
      .default('Etc/UTC')
      .describe('Time zone of cron, by its IANA name. Default: Etc/UTC.'),
    concurrencyPolicy: z
      .enum(['Forbid', 'Replace'])
      .default('Forbid')
      .describe(
        'When a run is due while one goes on: Forbid skips it, Replace stops the one that goes on. Default: Forbid.',
      ),
    startingDeadline: duration
      .optional()
      .describe('A run that is later than this is skipped. Default: it is made up for, once.'),
    historyLimit: z.int32().min(1).max(20).default(10).describe('How many ended runs to keep in status. Default: 10.'),
  })
  .describe('Runs the job again and again.');
