import type { TrainingJob } from '../../../crds/schema/training-job.ts';
import type { Child } from '../../build/child.ts';
import { obstacleProblem as problemOf, type Obstacle } from '../obstacle.ts';
import type { Problem } from '../problem.ts';

const words = { unowned: 'was not made for this TrainingJob', remedy: 'choose another name' };

/** The obstacle as a problem of the job. */
export const obstacleProblem = (obstacle: Obstacle, desired: Child, job: TrainingJob): Problem =>
  problemOf(obstacle, { desired, parent: job, words });
