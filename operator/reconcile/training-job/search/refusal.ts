import { TrainingReason } from '../../../../crds/schema/reasons.ts';
import type { Problem } from '../../../decide/training-job/problem.ts';
import { asSentence } from '../../../decide/words.ts';
import type { ApplyResult, KubeObject } from '../../../kube/cluster.ts';

const AGAIN_MS = 30_000;

const reasons = {
  Forbidden: TrainingReason.Forbidden,
  QuotaExceeded: TrainingReason.QuotaExceeded,
  Invalid: TrainingReason.InvalidSpec,
} as const;

/** Why something that a search needs was not written; undefined when it was. */
export function refusalProblem(result: ApplyResult<KubeObject>, object: string): Problem | undefined {
  switch (result.outcome) {
    case 'unchanged':
    case 'written':
      return undefined;
    case 'nameTaken':
      return {
        reason: TrainingReason.NameTaken,
        message: `${object} exists, but does not belong to this job; rename it, or this job.`,
        stalled: true,
        againInMs: AGAIN_MS,
      };
    case 'refused':
      return {
        reason: reasons[result.reason],
        message: `The API server refuses ${object}: ${asSentence(result.message)}`,
        stalled: result.reason !== 'QuotaExceeded',
        againInMs: AGAIN_MS,
      };
  }
}
