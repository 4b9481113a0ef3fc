import type { Task } from '../../crds/schema/model.ts';
import type { Datatype } from './datatype.ts';
import type { TensorSpec } from './tensor.ts';

/** One tensor that a task needs: any that fits will do. */
interface Need {
  what: string;
  fits: (spec: TensorSpec) => boolean;
}

/** What a task asks of a model's tensors. */
interface TaskContract {
  /** All inputs must be among these, and each must be there unless it is optional. */
  inputs: readonly (Need & { optional?: boolean })[] | 'any';
  /** At least one output must fit one of these. */
  outputs: readonly Need[];
}

const FLOATS: readonly Datatype[] = ['FP16', 'FP32', 'FP64'];
const INDICES: readonly Datatype[] = ['INT64', 'INT32'];
const LABELS: readonly Datatype[] = ['INT64', 'INT32', 'BYTES', 'BOOL'];

const isOneOf =
  (datatypes: readonly Datatype[], ...ranks: number[]) =>
  (spec: TensorSpec) =>
    datatypes.includes(spec.datatype) && ranks.includes(spec.shape.length);

const channels = (spec: TensorSpec) => {
  const [, first = 0, , last = 0] = spec.shape;
  return [first, last].some((size) => size === -1 || size === 1 || size === 3 || size === 4);
};

const image: Need = {
  what: 'one image tensor of floats or UINT8 with four dimensions, [batch, channels, height, width] or channels last, of 1, 3 or 4 channels',
  fits: (spec) => isOneOf([...FLOATS, 'UINT8'], 4)(spec) && channels(spec),
};
const pixelMask: Need & { optional: boolean } = {
  what: 'pixel_mask of integers or BOOL, [batch, height, width] (optional)',
  fits: (spec) => spec.name === 'pixel_mask' && isOneOf([...INDICES, 'BOOL'], 3)(spec),
  optional: true,
};
const boxes: Need = {
  what: 'boxes of floats, [batch, queries, 4], beside scores of floats, [batch, queries, classes]',
  fits: (spec) => isOneOf(FLOATS, 3)(spec) && (spec.shape[2] === 4 || spec.shape[2] === -1),
};
const features: Need = {
  what: 'feature tensors with one or two dimensions, [batch, features]',
  fits: ({ shape }) => shape.length === 1 || shape.length === 2,
};
const tokens = (name: string, optional = false): Need & { optional: boolean } => ({
  what: `${name} of INT64 or INT32, [batch, sequence]${optional ? ' (optional)' : ''}`,
  fits: (spec) => spec.name === name && isOneOf(INDICES, 2)(spec),
  optional,
});
const tokenInputs = [
  tokens('input_ids'),
  tokens('attention_mask', true),
  tokens('token_type_ids', true),
  tokens('position_ids', true),
];
const scores: Need = {
  what: 'scores of floats, [batch, classes], of two classes or more',
  fits: (spec) => isOneOf(FLOATS, 2)(spec) && spec.shape[1] !== 1, // one column is a regression
};
const oneScore: Need = {
  what: 'one score of floats for each text, [batch, 1] or [batch]',
  fits: ({ shape, ...spec }) => isOneOf(FLOATS, 1, 2)({ shape, ...spec }) && [undefined, 1, -1].includes(shape[1]),
};
const tokenScores: Need = {
  what: 'scores of floats, [batch, sequence, classes]',
  fits: isOneOf(FLOATS, 3),
};
const embeddings: Need = {
  what: 'embeddings of floats, [batch, size] or [batch, sequence, size]',
  fits: isOneOf(FLOATS, 2, 3),
};
const label: Need = {
  what: 'labels of integers, texts or booleans, [batch]',
  fits: (spec) => isOneOf(LABELS, 1)(spec),
};

/** What each task needs; documented in docs/reference/task-contracts.md. */
const CONTRACTS: Readonly<Record<Task, TaskContract>> = {
  'image-classification': { inputs: [image], outputs: [scores] },
  'object-detection': { inputs: [image, pixelMask], outputs: [boxes] },
  'tabular-classification': { inputs: 'any', outputs: [scores, label] },
  'tabular-regression': {
    inputs: 'any',
    outputs: [{ what: 'predictions of floats, [batch] or [batch, targets]', fits: isOneOf(FLOATS, 1, 2) }],
  },
  'text-classification': { inputs: tokenInputs, outputs: [scores] },
  'token-classification': { inputs: tokenInputs, outputs: [tokenScores] },
  'feature-extraction': { inputs: tokenInputs, outputs: [embeddings] },
  'sentence-similarity': { inputs: tokenInputs, outputs: [embeddings] },
  'text-ranking': { inputs: tokenInputs, outputs: [oneScore] },
  'zero-shot-classification': { inputs: tokenInputs, outputs: [scores] },
  'fill-mask': { inputs: tokenInputs, outputs: [tokenScores] },
  custom: { inputs: 'any', outputs: [] },
};

/** Text models may also take the text itself, when their graph holds the tokenizer or the vectoriser. */
const TAKES_TEXT: readonly Task[] = [
  'text-classification',
  'token-classification',
  'feature-extraction',
  'sentence-similarity',
];
const text: Need = {
  what: 'one tensor of BYTES with one or two dimensions, the text itself',
  fits: isOneOf(['BYTES'], 1, 2),
};

const isTask = (name: string): name is Task => Object.hasOwn(CONTRACTS, name);

const showSpec = ({ name, datatype, shape }: TensorSpec) => `${name} ${datatype}[${shape.join(', ')}]`;
const showAll = (specs: readonly TensorSpec[]) => specs.slice(0, 8).map(showSpec).join('; ') || 'none';

/** Says what keeps a model from being used for a task; undefined when nothing does. */
export function findTaskMismatch(
  task: string,
  model: { inputs: readonly TensorSpec[]; outputs: readonly TensorSpec[] },
): string | undefined {
  if (!isTask(task)) return `There is no task "${task}"; the tasks are ${Object.keys(CONTRACTS).join(', ')}.`;
  if (!takesPlainText(task, model.inputs) && !inputsFit(task, model.inputs)) {
    return sentence(task, 'inputs', { needs: inputNeeds(task), has: model.inputs });
  }
  const { outputs } = CONTRACTS[task];
  const answers = outputs.length === 0 || model.outputs.some((output) => outputs.some(({ fits }) => fits(output)));
  return answers ? undefined : sentence(task, 'outputs', { needs: outputs, has: model.outputs });
}

const takesPlainText = (task: Task, specs: readonly TensorSpec[]): boolean =>
  TAKES_TEXT.includes(task) && specs.length === 1 && specs.every(text.fits);

function inputNeeds(task: Task): Pick<Need, 'what'>[] {
  const { inputs } = CONTRACTS[task];
  if (inputs === 'any') return [features];
  return TAKES_TEXT.includes(task) ? [...inputs, { what: `or ${text.what}` }] : [...inputs];
}

function inputsFit(task: Task, specs: readonly TensorSpec[]): boolean {
  const { inputs } = CONTRACTS[task];
  if (task === 'custom') return true;
  if (inputs === 'any') return specs.length > 0 && specs.every(features.fits);
  const isComplete = inputs.every((need) => need.optional === true || specs.some(need.fits));
  return isComplete && specs.length <= inputs.length && specs.every((spec) => inputs.some(({ fits }) => fits(spec)));
}

function sentence(
  task: Task,
  side: string,
  { needs, has }: { needs: readonly { what: string }[]; has: readonly TensorSpec[] },
): string {
  const wanted = needs.map(({ what }) => what).join('; ');
  return `The task ${task} needs as ${side}: ${wanted}. The model has: ${showAll(has)}. Correct spec.task (custom demands nothing), or export the model so.`;
}
