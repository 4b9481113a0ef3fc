import type { TrainingJob } from '../../../crds/schema/training-job.ts';
import { Label } from '../../build/labels.ts';
import { buildPublishedModel } from '../../build/training-job/published-model.ts';
import type { Life } from '../../decide/training-job/life.ts';
import { obstacleProblem } from '../../decide/training-job/obstacle.ts';
import type { Problem } from '../../decide/problem.ts';
import type { TrainingDeps } from './deps.ts';
import { isOfEndingNamespace, obstacleOf } from './obstacle-of.ts';

/** Makes the Model that follows the job, once there is something to follow; gives why it cannot. */
export async function applyPublishedModel(
  job: TrainingJob,
  life: Life,
  { cluster }: TrainingDeps,
): Promise<Problem | undefined> {
  const model = life.artifact === undefined ? undefined : buildPublishedModel(job);
  if (model === undefined) return undefined;
  const obstacle = obstacleOf(await cluster.applyUnowned(model, Label.trainingJob));
  return obstacle === undefined || isOfEndingNamespace(obstacle) ? undefined : obstacleProblem(obstacle, model, job);
}
