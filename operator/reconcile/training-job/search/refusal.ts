import type { TrainingJob } from '../../../../crds/schema/training-job.ts';
import { TrainingReason } from '../../../../crds/schema/reasons.ts';
import type { Child } from '../../../build/child.ts';
import { obstacleProblem } from '../../../decide/training-job/obstacle.ts';
import type { Problem } from '../../../decide/problem.ts';
import type { ApplyResult, KubeObject } from '../../../kube/cluster.ts';
import { obstacleOf } from '../obstacle-of.ts';

/** Trials that end make room in a quota. */
const ROOM_MS = 30_000;

/** Why something that a search needs was not written; undefined when it was. */
export function refusalProblem(result: ApplyResult<KubeObject>, desired: Child, job: TrainingJob): Problem | undefined {
  const obstacle = obstacleOf(result);
  if (obstacle === undefined) return undefined;
  const problem = obstacleProblem(obstacle, desired, job);
  return problem.reason === TrainingReason.QuotaExceeded ? { ...problem, stalled: false, againInMs: ROOM_MS } : problem;
}
