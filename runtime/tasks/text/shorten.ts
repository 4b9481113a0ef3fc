import { refuse } from '../../protocol/v2-request.ts';
import type { Job } from '../kind.ts';

/** Cuts a vector to fewer dimensions, which only models that were trained for it survive (Matryoshka). */
export async function shorten(
  { folder }: Job,
  vector: Float32Array,
  dimensions: number | undefined,
): Promise<Float32Array> {
  if (dimensions === undefined || dimensions === vector.length) return vector;
  if (dimensions > vector.length)
    refuse('dimensions', `is ${dimensions}; the model gives ${vector.length}. Leave it out, or ask for fewer.`);
  const config = await folder.config();
  const allowed = config['matryoshka_dimensions'];
  const isMatryoshka = config['is_matryoshka'] === true || Array.isArray(allowed);
  if (!isMatryoshka)
    refuse(
      'dimensions',
      `is ${dimensions}, but the model gives ${vector.length} and was not trained to be cut (config.json has no "matryoshka_dimensions"); leave it out.`,
    );
  if (Array.isArray(allowed) && !allowed.includes(dimensions))
    refuse('dimensions', `is ${dimensions}; the model was trained for ${allowed.slice(0, 20).join(', ')}.`);
  return vector.slice(0, dimensions);
}
