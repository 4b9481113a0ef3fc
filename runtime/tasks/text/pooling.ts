import { isObject } from '../../protocol/v2-request.ts';
import type { ModelFolder } from '../model-folder.ts';

/** How the vectors of tokens become one vector; several are put one after another. */
export type Pooling = 'cls' | 'max' | 'mean' | 'mean_sqrt_len' | 'weightedmean' | 'lasttoken';

/** What sentence-transformers' files say of a model. */
export interface SentenceSettings {
  pooling: Pooling[];
  /** False when no file says how to pool: tokens are embedded one by one where the field does so. */
  isDeclared: boolean;
  isNormalised: boolean;
  /** A layer that only the graph could hold. */
  foreignModule: string | undefined;
  includesPrompt: boolean;
}

const FLAGS: readonly [string, Pooling][] = [
  ['pooling_mode_cls_token', 'cls'],
  ['pooling_mode_max_tokens', 'max'],
  ['pooling_mode_mean_tokens', 'mean'],
  ['pooling_mode_mean_sqrt_len_tokens', 'mean_sqrt_len'],
  ['pooling_mode_weightedmean_tokens', 'weightedmean'],
  ['pooling_mode_lasttoken', 'lasttoken'],
];
const NAMES = FLAGS.map(([, name]) => name);
const HARMLESS = /\.(Transformer|Pooling|Normalize)$/;

const isPooling = (name: unknown): name is Pooling => NAMES.some((known) => known === name);

/** Reads modules.json and 1_Pooling/config.json. */
export async function readSentenceSettings(folder: ModelFolder): Promise<SentenceSettings> {
  const config = await folder.json('1_Pooling/config.json');
  const modules = await folder.list('modules.json');
  const types = Array.isArray(modules)
    ? modules.map((entry: unknown) => (isObject(entry) ? String(entry['type']) : ''))
    : [];
  const mode = config?.['pooling_mode'];
  const flagged = FLAGS.filter(([flag]) => config?.[flag] === true).map(([, name]) => name);
  const named = (Array.isArray(mode) ? mode : [mode]).filter(isPooling);
  const pooling = flagged.length > 0 ? flagged : named;
  return {
    pooling: pooling.length > 0 ? pooling : ['mean'],
    isDeclared: config !== undefined,
    isNormalised: types.some((type) => type.endsWith('.Normalize')),
    foreignModule: types.find((type) => !HARMLESS.test(type)),
    includesPrompt: config?.['include_prompt'] !== false,
  };
}

/** The vectors of one text's tokens, one after another. */
export interface TokenVectors {
  values: Float32Array;
  size: number;
  /** Places that hold tokens; the others are padding. */
  from: number;
  to: number;
}

function weigh(
  { values, size, from, to }: TokenVectors,
  weight: (index: number) => number,
  divisor: number,
): Float32Array {
  const sums = new Float64Array(size);
  for (let at = from; at < to; at += 1) {
    const factor = weight(at - from);
    for (let index = 0; index < size; index += 1)
      sums[index] = (sums[index] ?? 0) + factor * (values[at * size + index] ?? 0);
  }
  return Float32Array.from(sums, (sum) => sum / divisor);
}

function largest({ values, size, from, to }: TokenVectors): Float32Array {
  const out = new Float32Array(size).fill(-Infinity);
  for (let at = from; at < to; at += 1) {
    for (let index = 0; index < size; index += 1)
      out[index] = Math.max(out[index] ?? 0, values[at * size + index] ?? 0);
  }
  return out;
}

function poolOnce(vectors: TokenVectors, pooling: Pooling): Float32Array {
  const { values, size, from, to } = vectors;
  const count = Math.max(1, to - from);
  switch (pooling) {
    case 'cls':
      return values.slice(from * size, (from + 1) * size);
    case 'lasttoken':
      return values.slice((to - 1) * size, to * size);
    case 'max':
      return largest(vectors);
    case 'mean':
      return weigh(vectors, () => 1, count);
    case 'mean_sqrt_len':
      return weigh(vectors, () => 1, Math.sqrt(count));
    case 'weightedmean':
      return weigh(vectors, (index) => index + 1, (count * (count + 1)) / 2);
  }
}

/** One vector for a text. */
export function pool(vectors: TokenVectors, poolings: readonly Pooling[]): Float32Array {
  const parts = poolings.map((pooling) => poolOnce(vectors, pooling));
  if (parts.length === 1 && parts[0] !== undefined) return parts[0];
  return Float32Array.from(parts.flatMap((part) => [...part]));
}

/** A vector of length 1. */
export function normalise(vector: Float32Array): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return vector.map((value) => value / Math.max(length, 1e-12));
}
