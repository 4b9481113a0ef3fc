import type { ApplyCase } from './apply-cases.ts';

const training = (spec: Record<string, unknown>) => ({ kind: 'TrainingJob' as const, objectName: 'churn', spec });
const recipe = { recipe: { name: 'tabular-classification' }, data: [{ name: 'train', uri: 's3://data/churn.csv' }] };
const search = (more: Record<string, unknown>, ...parameters: object[]) =>
  training({
    ...recipe,
    search: {
      objective: { metric: 'val_auc', goal: 'maximize' },
      maxTrials: 5,
      parameters: parameters.length === 0 ? [{ name: 'l2', type: 'float', min: 0.1, max: 1 }] : parameters,
      ...more,
    },
  });
/** TrainingJobs that people might apply. */
export const trainingCases: readonly ApplyCase[] = [
  { name: 'a recipe', ...training(recipe) },
  { name: 'an image', ...training({ image: 'registry.example/trainer:1' }) },
  { name: 'a command in the toolkit image', ...training({ command: ['python3', 'train.py'], code: { configMap: { name: 'code' } } }) },
  {
    name: 'everything at once',
    ...training({
      ...recipe,
      parameters: { l2: 0.1, trees: 10, fast: true, note: 'x' },
      prepare: {
        target: 'churned',
        source: 'train',
        columns: { age: { clip: [0, 120] }, plan: { encode: 'ordinal' } },
        split: { validation: 0.2, test: 0.2, groupBy: 'customer' },
        clean: { ranges: [{ column: 'age', min: 0 }] },
      },
      workers: { count: 2, accelerator: { resourceName: 'nvidia.com/gpu', count: 2 }, resources: { limits: { memory: '4Gi' } } },
      evaluation: { data: 'train', thresholds: [{ metric: 'auc', min: 0.8 }, { metric: 'logLoss', max: 0.5 }] },
      publish: { optimize: { precision: 'int8', prune: 0.5 }, to: 'oci://registry.example/team/churn:1', model: { name: 'churn' } },
      schedule: { cron: '0 3 * * 1', timeZone: 'Europe/Paris' },
      stall: { after: '5m', restart: true },
      placement: { priorityClassName: 'batch' },
      queueName: 'research',
    }),
  },
  { name: 'elastic workers', ...training({ image: 'x', framework: 'pytorch', workers: { count: 4, minCount: 2 } }) },
  {
    name: 'a conditional search',
    ...search({}, { name: 'model', type: 'categorical', values: ['a', 'b', 1, true] }, { name: 'n', type: 'int', min: 1, max: 9, when: { parameter: 'model', in: ['a'] } }),
  },
  { name: 'neither recipe nor program', ...training({}), refusal: 'give either a recipe, or an image or command of your own' },
  { name: 'a recipe and an image', ...training({ ...recipe, image: 'x' }), refusal: 'give either a recipe' },
  { name: 'code that nothing runs', ...training({ image: 'x', code: { configMap: { name: 'c' } } }), refusal: 'code needs a command' },
  { name: 'a recipe without data', ...training({ recipe: recipe.recipe }), refusal: 'a recipe needs data' },
  { name: 'a recipe of another task', ...training({ ...recipe, task: 'text-classification' }), refusal: 'task must be the name of the recipe' },
  { name: 'a recipe for tables with a base Model', ...training({ ...recipe, baseModel: { name: 'base' } }), refusal: 'recipes for tables start from data alone' },
  { name: 'a recipe for tables with a teacher', ...training({ ...recipe, teacherModel: { name: 'teacher' } }) },
  { name: 'a recipe that does not exist', ...training({ ...recipe, recipe: { name: 'magic' } }), refusal: 'Unsupported value: "magic"' },
  { name: 'data that is not there to prepare', ...training({ ...recipe, prepare: { target: 'x', source: 'other' } }), refusal: 'prepare.source must name one of the data sets' },
  { name: 'data that is not there to judge by', ...training({ ...recipe, evaluation: { data: 'other' } }), refusal: 'evaluation.data must name one of the data sets' },
  { name: 'parts that leave nothing', ...training({ ...recipe, prepare: { target: 'x', split: { validation: 0.5, test: 0.5 } } }), refusal: 'leave nothing to train on' },
  { name: 'caffe on one worker, as its image has it', ...training({ image: 'x', framework: 'caffe' }) },
  { name: 'caffe on two workers', ...training({ image: 'x', framework: 'caffe', command: ['mpirun', 'caffe'], workers: { count: 2 } }) },
  { name: 'caffe on two workers with nothing to run', ...training({ image: 'x', framework: 'caffe', workers: { count: 2 } }), refusal: 'needs command: what worker 0 runs' },
  { name: 'more workers at least than at all', ...training({ image: 'x', framework: 'pytorch', workers: { count: 2, minCount: 3 } }), refusal: 'workers.minCount must not be greater' },
  { name: 'elastic workers of another framework', ...training({ image: 'x', workers: { count: 2, minCount: 1 } }), refusal: 'workers.minCount is for framework pytorch' },
  { name: 'a threshold that no value meets', ...training({ ...recipe, evaluation: { thresholds: [{ metric: 'auc', min: 0.9, max: 0.8 }] } }), refusal: 'no value can meet this threshold' },
  { name: 'a threshold without a bound', ...training({ ...recipe, evaluation: { thresholds: [{ metric: 'auc' }] } }), refusal: 'a threshold needs min, max or both' },
  {
    name: 'files as they are, but smaller',
    ...training({ image: 'x', publish: { convert: 'none', optimize: { precision: 'int8' } } }),
    refusal: 'convert: none publishes the files as they are',
  },
  {
    name: 'TFLite of another framework',
    ...training({ image: 'x', framework: 'pytorch', publish: { tflite: true } }),
    refusal: 'publish.tflite is for framework tensorflow',
  },
  { name: 'an artifact outside of a registry', ...training({ ...recipe, publish: { to: 's3://bucket/x' } }), refusal: 'spec.publish.to' },
  { name: 'a space without end', ...search({}, { name: 'l2', type: 'float', min: 0.1 }), refusal: 'int and float need min and max' },
  { name: 'a space upside down', ...search({}, { name: 'l2', type: 'int', min: 5, max: 1 }), refusal: 'min must not be greater than max' },
  { name: 'powers from zero', ...search({}, { name: 'l2', type: 'float', min: 0, max: 1, log: true }), refusal: 'log needs a min above 0' },
  { name: 'an empty space', ...search({ parameters: [] }), refusal: 'spec.search.parameters' },
  { name: 'a parameter twice', ...search({}, { name: 'a', type: 'int', min: 1, max: 2 }, { name: 'a', type: 'int', min: 1, max: 2 }), refusal: 'Duplicate value' },
  {
    name: 'conditions where the sampler knows none',
    ...search({ algorithm: 'gp' }, { name: 'a', type: 'int', min: 1, max: 2, when: { parameter: 'b', in: [1] } }),
    refusal: 'gp and cmaes know no conditional parameters',
  },
  { name: 'a grid without steps', ...search({ algorithm: 'grid' }), refusal: 'a grid needs a step for each float parameter' },
  { name: 'a name that is too long', ...training(recipe), objectName: 'x'.repeat(41), refusal: 'metadata.name must be no longer than 40 characters' },
];

