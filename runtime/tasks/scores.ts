import type { Json } from './body.ts';
import { readChoice, readWhole } from './body.ts';
import { labelOf } from './model-folder.ts';

/** A class and how likely it is. */
export interface LabelScore {
  label: string;
  score: number;
}

/** What is done to the model's numbers. */
export type Transform = 'softmax' | 'sigmoid' | 'none';
const TRANSFORMS: readonly Transform[] = ['softmax', 'sigmoid', 'none'];

/** Shares that add up to 1, in single precision as numpy computes them. */
export function softmax(logits: Float32Array): Float32Array {
  const largest = logits.reduce((max, value) => Math.max(max, value), -Infinity);
  const powers = logits.map((value) => Math.exp(Math.fround(value - largest)));
  const sum = powers.reduce((total, value) => total + value, 0);
  return powers.map((value) => value / sum);
}

/** The logistic function of each number. */
export const sigmoid = (logits: Float32Array): Float32Array => logits.map((value) => 1 / (1 + Math.exp(-value)));

/** Applies a transform. */
function transform(logits: Float32Array, name: Transform): Float32Array {
  if (name === 'none') return logits;
  return name === 'softmax' ? softmax(logits) : sigmoid(logits);
}

/** What transformers applies when nobody says: it goes by the kind of problem and the number of classes. */
function defaultTransform(config: Json, classes: number): Transform {
  const kind = config['problem_type'];
  if (kind === 'regression') return 'none';
  return kind === 'multi_label_classification' || classes === 1 ? 'sigmoid' : 'softmax';
}

/** Outputs of these names hold shares already. */
const isFinished = (output: string) => /prob|score/i.test(output);

/** What a client asks of a classification. */
export interface ClassChoice {
  topK: number | undefined;
  transform: Transform | undefined;
}

/** The options of a classification. */
export const CLASS_OPTIONS = ['top_k', 'function_to_apply'] as const;

/** Reads the options of a classification. */
export const readClassChoice = (options: Json): ClassChoice => ({
  topK: readWhole(options['top_k'], 'parameters.top_k'),
  transform: readChoice(options['function_to_apply'], 'parameters.function_to_apply', TRANSFORMS),
});

/** The classes of one input, most likely first. */
export function rankClasses(
  logits: Float32Array,
  { topK, transform: wanted }: ClassChoice,
  { config, output }: { config: Json; output: string },
): LabelScore[] {
  const name = wanted ?? (isFinished(output) ? 'none' : defaultTransform(config, logits.length));
  const scores = transform(logits, name);
  return Array.from(scores, (score, index) => ({ label: labelOf(config, index), score }))
    .toSorted((a, b) => b.score - a.score)
    .slice(0, topK);
}
