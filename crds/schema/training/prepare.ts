import { z } from 'zod';
import { withRules } from '../rules.ts';

const columnName = z.string().min(1).max(256);
const impute = z
  .enum(['mean', 'median', 'mostFrequent', 'constant'])
  .describe('What stands for a missing value: mean and median (numbers only), mostFrequent, or constant (see fill).');
const encode = z
  .enum(['oneHot', 'ordinal'])
  .describe(
    'How a category becomes numbers: a column for each (oneHot), or its place in the alphabet (ordinal). A category that training did not see is none of them.',
  );
const normalise = z
  .enum(['standard', 'minMax', 'robust', 'none'])
  .describe('How numbers are scaled: to mean 0 and deviation 1, to 0..1, by median and quartiles, or not.');

const column = z
  .strictObject({
    type: z
      .enum(['numeric', 'categorical', 'ignore'])
      .optional()
      .describe(
        'What the column holds; ignore leaves it out. Default: numeric when all values are numbers, else categorical.',
      ),
    impute: impute.optional(),
    fill: z.string().max(256).optional().describe('The value for impute: constant.'),
    encode: encode.optional(),
    normalise: normalise.optional(),
    clip: z
      .array(z.number())
      .min(2)
      .max(2)
      .meta({ 'x-kubernetes-list-type': 'atomic' })
      .optional()
      .describe('Smallest and largest value; what is beyond is cut to them. Example: [0, 120].'),
  })
  .describe('What to do with one column.');

const clean = z.strictObject({
  dropDuplicates: z.boolean().default(true).describe('Drop rows that are the same in every column. Default: true.'),
  dropColumnsMissingAbove: z
    .number()
    .min(0)
    .max(1)
    .default(0.9)
    .describe('Drop columns in which a larger share of values is missing. Default: 0.9.'),
  ranges: z
    .array(
      withRules(
        z.strictObject({
          column: columnName.describe('Name of the column.'),
          min: z.number().optional().describe('Rows below are dropped.'),
          max: z.number().optional().describe('Rows above are dropped.'),
        }),
        {
          rule: 'has(self.min) || has(self.max)',
          message: 'a range needs min, max or both',
          holds: ({ min, max }) => min !== undefined || max !== undefined,
        },
      ),
    )
    .max(64)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe('Values that cannot be right: rows outside are dropped, and counted.'),
});

const split = withRules(
  z.strictObject({
    validation: z.number().min(0).max(0.9).default(0.15).describe('Share of rows to choose by. Default: 0.15.'),
    test: z
      .number()
      .min(0)
      .max(0.9)
      .default(0.15)
      .describe('Share of rows to judge by, looked at once. Default: 0.15.'),
    stratify: z
      .boolean()
      .optional()
      .describe('Keep the shares of the classes in each part. Default: true for classification.'),
    groupBy: columnName.optional().describe('Rows with the same value stay in one part, such as a patient.'),
    timeBy: columnName.optional().describe('The newest rows are for judging: nothing is learned from the future.'),
  }),
  {
    rule: 'self.validation + self.test < 1.0',
    message: 'split.validation and split.test leave nothing to train on; together they must be below 1',
    holds: ({ validation, test }) => validation + test < 1,
  },
  {
    rule: '!(has(self.groupBy) && has(self.timeBy))',
    message: 'give either groupBy or timeBy',
    holds: ({ groupBy, timeBy }) => groupBy === undefined || timeBy === undefined,
  },
);

/** Cleaning, imputation, encoding, normalisation and splitting of a table, declared. */
export const prepare = z
  .strictObject({
    source: z.string().min(1).max(40).optional().describe('Name of the data set. Default: train, else the first.'),
    format: z
      .enum(['csv', 'tsv', 'parquet', 'jsonl', 'json'])
      .optional()
      .describe('Format of its files. Default: by their endings.'),
    target: columnName.describe('Name of the column to predict.'),
    columns: z
      .record(z.string(), column)
      .meta({ maxProperties: 512 })
      .optional()
      .describe('What to do with a column, by its name, where the defaults do not fit.'),
    defaults: z
      .strictObject({
        numeric: z
          .strictObject({ impute: impute.optional(), normalise: normalise.optional() })
          .optional()
          .describe('For numbers. Default: {impute: median, normalise: standard}.'),
        categorical: z
          .strictObject({ impute: impute.optional(), encode: encode.optional() })
          .optional()
          .describe('For categories. Default: {impute: mostFrequent, encode: oneHot}.'),
      })
      .optional()
      .describe('What to do with the columns that `columns` does not name.'),
    clean: clean.optional().describe('Which rows and columns to drop. Rows without a target are always dropped.'),
    split: split
      .optional()
      .describe('How the rows are parted. Data sets named validation and test take the place of a share.'),
  })
  .describe(
    'Makes a table ready to train on: cleans, imputes, encodes, normalises and splits it. What is learned here, from the training part only, becomes part of the ONNX graph, so that the served model takes raw values.',
  );
