import { z } from 'zod';
import type { TrainingJobSpec } from '../../../crds/schema/training-job.ts';
import type { Artifact } from '../../../crds/schema/training/status.ts';
import { taskOf } from '../../build/training-job/task.ts';
import type { Life } from './life.ts';

/** What runs are compared by. */
export interface Comparison {
  metric: string;
  isLessBetter: boolean;
}

/** Metrics of which less is better, by their names; of all others, more is. The toolkit judges by the same words. */
const LESS_IS_BETTER = /loss|error|perplexity|rmse|mse|mae|distance|latency|\b[wc]er\b/i;

const DEFAULT_METRICS: Readonly<Record<string, string>> = {
  'tabular-regression': 'rmse',
  'text-ranking': 'ndcg',
  'feature-extraction': 'recallAt1',
  'sentence-similarity': 'recallAt1',
  'token-classification': 'f1',
  'object-detection': 'map',
  'text-generation': 'perplexity',
  'fill-mask': 'perplexity',
};

const compared = z.object({ metric: z.string().min(1), higherIsBetter: z.boolean() });

/** What the run is compared by: as its evaluation says, else as the spec does, else by the task. */
export function decideComparison({ stages }: Pick<Life, 'stages'>, spec: TrainingJobSpec): Comparison {
  const told = compared.safeParse(stages.find(({ name }) => name === 'evaluate')?.result?.['compared']);
  if (told.success) return { metric: told.data.metric, isLessBetter: !told.data.higherIsBetter };
  const metric = metricOf(spec);
  const objective = spec.search?.objective;
  return objective?.metric === metric
    ? { metric, isLessBetter: objective.goal === 'minimize' }
    : { metric, isLessBetter: LESS_IS_BETTER.test(metric) };
}

const metricOf = (spec: TrainingJobSpec): string =>
  spec.evaluation?.metric ?? spec.search?.objective.metric ?? DEFAULT_METRICS[taskOf(spec)] ?? 'accuracy';

/** Whether Models may follow the new artifact: always, or unless it is worse than the one before. */
export function isPromoted(
  artifact: Artifact,
  life: Pick<Life, 'stages' | 'artifact'>,
  spec: TrainingJobSpec,
): boolean {
  const promote = spec.publish?.promote ?? (spec.schedule === undefined ? 'Always' : 'Better');
  const before = life.artifact;
  return promote === 'Always' || before === undefined || !isWorse(artifact, before, decideComparison(life, spec));
}

/** What nobody measured is not worse. */
function isWorse(artifact: Artifact, before: Artifact, { metric, isLessBetter }: Comparison): boolean {
  const [is, was] = [artifact.metrics?.[metric], before.metrics?.[metric]];
  if (is === undefined || was === undefined) return false;
  return isLessBetter ? is > was : is < was;
}
