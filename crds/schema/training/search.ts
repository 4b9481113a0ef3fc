import { z } from 'zod';
import { hasUniqueNames, withRules } from '../rules.ts';
import { duration } from '../shared.ts';

const parameterName = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/);

/** A structural schema cannot say "text, number or boolean": the API server takes any value, the operator checks it. */
const scalars = z
  .array(z.union([z.string(), z.number(), z.boolean()]).meta({ 'x-kubernetes-preserve-unknown-fields': true }))
  .min(1)
  .max(256)
  .meta({ 'x-kubernetes-list-type': 'atomic' });

const dimension = withRules(
  z.strictObject({
    name: parameterName.describe('Name of the parameter. It reaches the code as those of spec.parameters do.'),
    type: z.enum(['int', 'float', 'categorical']).describe('int and float have min and max; categorical has values.'),
    min: z.number().optional().describe('Smallest value.'),
    max: z.number().optional().describe('Largest value.'),
    step: z.number().optional().describe('Distance between values. A grid needs it for float.'),
    log: z
      .boolean()
      .default(false)
      .describe('Search in powers: 0.001 is as far from 0.01 as 0.01 from 0.1. Default: false.'),
    values: scalars.optional().describe('The values of a categorical parameter.'),
    when: z
      .strictObject({
        parameter: parameterName.describe('Name of another parameter of the search.'),
        in: scalars.describe('The values of it for which this parameter exists.'),
      })
      .optional()
      .describe('Only exists when another parameter has one of these values.'),
  }),
  {
    // CEL does not see lists of any scalar: whether values are there is checked below, and by the operator.
    rule: "self.type == 'categorical' ? !has(self.min) && !has(self.max) : has(self.min) && has(self.max)",
    message: 'int and float need min and max; categorical needs values in their place',
    holds: ({ type, min, max }) =>
      type === 'categorical' ? min === undefined && max === undefined : min !== undefined && max !== undefined,
  },
  {
    rule: '!has(self.min) || !has(self.max) || self.min <= self.max',
    message: 'min must not be greater than max',
    holds: ({ min, max }) => min === undefined || max === undefined || min <= max,
  },
  {
    rule: '!self.log || !has(self.min) || self.min > 0.0',
    message: 'log needs a min above 0',
    holds: ({ log, min }) => !log || min === undefined || min > 0,
  },
  {
    rule: '!has(self.step) || (self.step > 0.0 && !self.log)',
    message: 'step must be above 0, and does not go with log',
    holds: ({ step, log }) => step === undefined || (step > 0 && !log),
  },
);

const earlyStopping = z
  .strictObject({
    algorithm: z
      .enum(['median', 'asha'])
      .describe(
        'median: stop a trial that is worse than the median of the others at the same step. asha: successive halving, asynchronous: only the best share goes on at each rung.',
      ),
    startupTrials: z
      .int32()
      .min(0)
      .max(1000)
      .default(5)
      .describe('How many trials run to their end first (median). Default: 5.'),
    minSteps: z.int32().min(1).max(100_000).default(1).describe('No trial is stopped before this step. Default: 1.'),
    reductionFactor: z
      .int32()
      .min(2)
      .max(16)
      .default(3)
      .describe('One of so many goes on at each rung (asha). Default: 3.'),
  })
  .describe('Stops trials that will not win, by the values of the objective that they print.');

/** Search for good parameters. */
export const search = withRules(
  z.strictObject({
    algorithm: z
      .enum(['grid', 'random', 'tpe', 'gp', 'cmaes'])
      .default('tpe')
      .describe('grid, random, tpe (tree-structured Parzen estimator), gp (Gaussian process) or cmaes. Default: tpe.'),
    objective: z
      .strictObject({
        metric: z
          .string()
          .min(1)
          .max(63)
          .regex(/^[A-Za-z_][-A-Za-z0-9_./@]*$/)
          .describe('Name of the metric that the program prints or reports. Example: val_accuracy.'),
        goal: z.enum(['maximize', 'minimize']).describe('Which way is better.'),
      })
      .describe('What is searched for.'),
    parameters: z
      .array(dimension)
      .min(1)
      .max(32)
      .refine(hasUniqueNames, 'must not name a parameter twice')
      .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
      .describe('The space that is searched.'),
    maxTrials: z.int32().min(1).max(2000).describe('How many trials at most.'),
    parallelTrials: z.int32().min(1).max(100).default(1).describe('How many run at once. Default: 1.'),
    maxFailedTrials: z
      .int32()
      .min(0)
      .max(2000)
      .default(3)
      .describe('The search ends when more trials than this have failed. Default: 3.'),
    timeout: duration.optional().describe('No new trial is started after this time. Default: none.'),
    seed: z
      .int32()
      .min(0)
      .optional()
      .describe('Makes the choice of parameters repeatable. Default: spec.seed, else 0.'),
    earlyStopping: earlyStopping.optional(),
  }),
  {
    rule: "self.algorithm != 'gp' && self.algorithm != 'cmaes' || self.parameters.all(p, !has(p.when))",
    message: 'gp and cmaes know no conditional parameters; use tpe or random, or leave out when',
    holds: ({ algorithm, parameters }) =>
      !['gp', 'cmaes'].includes(algorithm) || parameters.every(({ when }) => when === undefined),
  },
  {
    rule: "self.algorithm != 'grid' || self.parameters.all(p, p.type != 'float' || has(p.step))",
    message: 'a grid needs a step for each float parameter',
    holds: ({ algorithm, parameters }) =>
      algorithm !== 'grid' || parameters.every(({ type, step }) => type !== 'float' || step !== undefined),
  },
).describe('Trains many times with different parameters; the best one goes on to evaluation and publishing.');
