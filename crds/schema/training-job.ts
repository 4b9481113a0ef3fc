import { z } from 'zod';
import { TASKS } from './model.ts';
import { placement } from './placement.ts';
import { withRules } from './rules.ts';
import type { ObjectMeta } from './shared.ts';
import { duration, objectName } from './shared.ts';
import { data, modelReference, workspace } from './training/data.ts';
import { prepare } from './training/prepare.ts';
import { FRAMEWORKS, code, environment, parameters, recipe, words } from './training/program.ts';
import { evaluation, publish, schedule } from './training/publish.ts';
import { search } from './training/search.ts';
import type { TrainingJobStatus } from './training/status.ts';
import { restartOn, stall, workers } from './training/workers.ts';

/** What users may write in `TrainingJob.spec`. */
export const trainingJobSpec = withRules(
  z.strictObject({
    task: z
      .enum(TASKS)
      .optional()
      .describe(
        'What the model will do, by its Hugging Face task name. Default: the name of the recipe; custom for other programs.',
      ),
    recipe: recipe.optional().describe('A built-in trainer: no code to write. Instead of image or command.'),
    framework: z
      .enum(FRAMEWORKS)
      .default('custom')
      .describe(
        'The toolkit of the program. It sets the environment that its launcher expects (torchrun, TF_CONFIG, Paddle, DMLC, MPI), and the toolkit image. Default: custom.',
      ),
    image: z
      .string()
      .min(1)
      .max(512)
      .optional()
      .describe('The image to train with. Default: the toolkit image of the framework.'),
    command: words
      .optional()
      .describe('The command, as in a Pod. `$(parameters.NAME)` stands for a parameter. Default: that of the image.'),
    args: words.optional().describe('Arguments of the command, as in a Pod.'),
    env: environment.optional(),
    code: code.optional(),
    parameters: parameters
      .optional()
      .describe(
        'Parameters of the training by name: texts, numbers and booleans. The program finds them in /aimass/parameters.json, as AIMASS_PARAMETER_NAME, and in $(parameters.NAME).',
      ),
    seed: z.int32().min(0).optional().describe('Makes preparation and recipes repeatable. Default: 0.'),
    data: data.optional(),
    prepare: prepare.optional(),
    baseModel: modelReference
      .optional()
      .describe('A verified Model to start from (fine-tuning). Its files are at /aimass/base-model.'),
    teacherModel: modelReference
      .optional()
      .describe('A verified Model to learn from (distillation). Its files are at /aimass/teacher-model.'),
    workers: workers.optional(),
    search: search.optional(),
    evaluation: evaluation.optional(),
    publish: publish.optional(),
    workspace: workspace.optional(),
    maxRestarts: z
      .int32()
      .min(0)
      .max(1000)
      .default(3)
      .describe('How often the workers of a run may be started again. Default: 3.'),
    restartOn,
    startTimeout: duration
      .default('1h')
      .describe(
        'How long all workers may take to start together; then those that hold a place give it back, and it is tried again; a trial of a search has failed. Default: 1h.',
      ),
    deadline: duration.optional().describe('How long a run may take. Default: none.'),
    stall: stall.optional(),
    schedule: schedule.optional(),
    suspend: z
      .boolean()
      .default(false)
      .describe('True stops the pods and keeps everything else; false goes on from there. Default: false.'),
    queueName: objectName
      .optional()
      .describe('Queue of Kueue: the Jobs carry its label and start when it admits them.'),
    placement: placement.optional(),
  }),
  {
    rule: 'has(self.recipe) != (has(self.image) || has(self.command))',
    message: 'give either a recipe, or an image or command of your own',
    holds: (spec) => (spec.recipe !== undefined) !== (spec.image !== undefined || spec.command !== undefined),
  },
  {
    rule: '!has(self.code) || has(self.command)',
    message: 'code needs a command that runs it, such as [python3, train.py]',
    holds: (spec) => spec.code === undefined || spec.command !== undefined,
  },
  {
    rule: '!has(self.recipe) || (!has(self.args) && !has(self.code))',
    message: 'a recipe takes options, not args or code',
    holds: (spec) => spec.recipe === undefined || (spec.args === undefined && spec.code === undefined),
  },
  {
    rule: '!has(self.recipe) || has(self.data)',
    message: 'a recipe needs data',
    holds: (spec) => spec.recipe === undefined || spec.data !== undefined,
  },
  {
    rule: "!has(self.recipe) || !has(self.baseModel) || !self.recipe.name.startsWith('tabular-')",
    message:
      'recipes for tables start from data alone: leave baseModel out, or name it teacherModel to learn from its answers',
    holds: ({ recipe: asked, baseModel }) =>
      asked === undefined || baseModel === undefined || !asked.name.startsWith('tabular-'),
  },
  {
    rule: '!has(self.prepare) || has(self.data)',
    message: 'prepare needs data',
    holds: (spec) => spec.prepare === undefined || spec.data !== undefined,
  },
  {
    rule: '!has(self.prepare) || !has(self.prepare.source) || !has(self.data) || self.data.exists(d, d.name == self.prepare.source)',
    message: 'prepare.source must name one of the data sets',
    holds: ({ prepare: asked, data: sets }) =>
      asked?.source === undefined || sets === undefined || sets.some(({ name }) => name === asked.source),
  },
  {
    rule: '!has(self.evaluation) || !has(self.evaluation.data) || (has(self.data) && self.data.exists(d, d.name == self.evaluation.data))',
    message: 'evaluation.data must name one of the data sets',
    holds: ({ evaluation: asked, data: sets }) =>
      asked?.data === undefined || (sets ?? []).some(({ name }) => name === asked.data),
  },
  {
    rule: "!has(self.workers) || !has(self.workers.minCount) || self.framework == 'pytorch'",
    message: 'workers.minCount is for framework pytorch: only its launcher goes on with fewer workers',
    holds: ({ workers: asked, framework }) => asked?.minCount === undefined || framework === 'pytorch',
  },
  {
    rule: "self.framework != 'caffe' || !has(self.workers) || self.workers.count == 1 || has(self.command)",
    message: 'framework caffe with several workers needs command: what worker 0 runs, such as [mpirun, caffe, train]',
    holds: ({ framework, workers: asked, command }) =>
      framework !== 'caffe' || (asked?.count ?? 1) === 1 || command !== undefined,
  },
  {
    rule: "!has(self.publish) || !self.publish.tflite || self.framework == 'tensorflow'",
    message: 'publish.tflite is for framework tensorflow',
    holds: ({ publish: asked, framework }) => asked?.tflite !== true || framework === 'tensorflow',
  },
  {
    rule: '!has(self.recipe) || !has(self.task) || self.task == self.recipe.name',
    message: 'task must be the name of the recipe, or be left out',
    holds: ({ recipe: asked, task }) => asked === undefined || task === undefined || task === asked.name,
  },
);
export type TrainingJobSpec = z.infer<typeof trainingJobSpec>;

/** A training, from data to a published model. */
export interface TrainingJob {
  apiVersion: string;
  kind: 'TrainingJob';
  metadata: ObjectMeta;
  spec: TrainingJobSpec;
  status?: TrainingJobStatus;
}
