import type { Job, Kind } from './kind.ts';
import { featureExtraction } from './kinds/feature-extraction.ts';
import { fillMask } from './kinds/fill-mask.ts';
import { imageClassification } from './kinds/image-classification.ts';
import { objectDetection } from './kinds/object-detection.ts';
import { openAiEmbeddings } from './kinds/openai-embeddings.ts';
import { sentenceSimilarity } from './kinds/sentence-similarity.ts';
import { tabularClassification, tabularRegression } from './kinds/tabular.ts';
import { textClassification } from './kinds/text-classification.ts';
import { textRanking } from './kinds/text-ranking.ts';
import { tokenClassification } from './kinds/token-classification.ts';
import { zeroShotClassification } from './kinds/zero-shot.ts';
import { unfit } from './kind.ts';

/** What a task remembers is known to that task alone. */
type AnyKind = Kind<unknown>;
const kind = <Context>(value: Kind<Context>): AnyKind => value as unknown as AnyKind;

/** Every task that has an endpoint. */
const KINDS: Readonly<Record<string, AnyKind>> = {
  'image-classification': kind(imageClassification),
  'object-detection': kind(objectDetection),
  'tabular-classification': kind(tabularClassification),
  'tabular-regression': kind(tabularRegression),
  'text-classification': kind(textClassification),
  'token-classification': kind(tokenClassification),
  'feature-extraction': kind(featureExtraction),
  'sentence-similarity': kind(sentenceSimilarity),
  'text-ranking': kind(textRanking),
  'zero-shot-classification': kind(zeroShotClassification),
  'fill-mask': kind(fillMask),
};

/** How a task is done in the shapes that a client speaks. */
export function kindOf({ task, style }: Pick<Job, 'task' | 'style'>): AnyKind {
  if (style === 'openai') return kind(openAiEmbeddings);
  const found = Object.hasOwn(KINDS, task) ? KINDS[task] : undefined;
  if (found === undefined) throw unfit(task, 'this task has no endpoint of its own');
  return found;
}
