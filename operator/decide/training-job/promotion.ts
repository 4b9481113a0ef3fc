import type { TrainingJobSpec } from '../../../crds/schema/training-job.ts';
import type { Artifact } from '../../../crds/schema/training/status.ts';
import { taskOf } from '../../build/training-job/task.ts';

/** Metrics of which less is better; of all others, more is. */
const LESS_IS_BETTER = /loss|error|rmse|mae\b|mse\b|mape|perplexity|wer$|cer$/i;

const DEFAULT_METRICS: Readonly<Record<string, string>> = {
  'tabular-regression': 'rmse',
  'text-ranking': 'ndcg',
};

/** The metric that runs are compared by. */
export const comparedBy = (spec: TrainingJobSpec): string =>
  spec.evaluation?.metric ?? spec.search?.objective.metric ?? DEFAULT_METRICS[taskOf(spec)] ?? 'accuracy';

/** Whether less of this metric is better, as the search says, else by its name. */
export function isLessBetter(metric: string, spec: TrainingJobSpec): boolean {
  const objective = spec.search?.objective;
  return objective?.metric === metric ? objective.goal === 'minimize' : LESS_IS_BETTER.test(metric);
}

/** Whether Models may follow the new artifact: always, or unless it is worse than the one before. */
export function isPromoted(artifact: Artifact, before: Artifact | undefined, spec: TrainingJobSpec): boolean {
  const promote = spec.publish?.promote ?? (spec.schedule === undefined ? 'Always' : 'Better');
  return promote === 'Always' || before === undefined || !isWorse(artifact, before, spec);
}

/** What nobody measured is not worse. */
function isWorse(artifact: Artifact, before: Artifact, spec: TrainingJobSpec): boolean {
  const metric = comparedBy(spec);
  const [is, was] = [artifact.metrics?.[metric], before.metrics?.[metric]];
  if (is === undefined || was === undefined) return false;
  return isLessBetter(metric, spec) ? is > was : is < was;
}
