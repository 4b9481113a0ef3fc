import type { TrainingJob } from '../../../crds/schema/training-job.ts';
import type { Life } from './life.ts';
import type { Problem } from '../problem.ts';
import type { Voice } from './voice.ts';

/** Everything that a pass reports from. */
export interface Situation {
  job: TrainingJob;
  life: Life;
  /** What is wrong with the spec. */
  invalid?: string | undefined;
  /** What keeps the current stage from going on. */
  problem?: Problem | undefined;
  /** Why the Model that follows the job cannot be made. */
  modelProblem?: Problem | undefined;
  /** Pods of the current training, when there is one. */
  pods?: { running: number; wanted: number } | undefined;
  /** Why workers are taken to hang, one sentence each. */
  hanging?: readonly string[] | undefined;
  /** Whether pods of a suspended job are still there. */
  isLeaving: boolean;
  voice?: Voice | undefined;
  now: Date;
}
