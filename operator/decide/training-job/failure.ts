import { TrainingReason } from '../../../crds/schema/reasons.ts';
import type { TrainingJobSpec } from '../../../crds/schema/training-job.ts';

/** Why a try of a stage failed. */
export interface Failure {
  reason: string;
  /** A sentence that names who, where and the figures. */
  message: string;
  /** What is to blame: the cluster, the program, or nobody knows (a kill from outside). */
  cause: 'infrastructure' | 'killed' | 'program';
  /** Who reported it knows that it can pass without anybody changing anything. */
  retryable?: boolean;
  /** What it measured all the same. */
  result?: Record<string, unknown>;
  /** Its pods have to be stopped: they would go on. */
  stop?: boolean;
}

/** Whether workers that failed so are worth starting again, by the reason and by what the user asks for. */
export function isRestartable({ cause, reason, retryable }: Failure, { restartOn }: TrainingJobSpec): boolean {
  if (NEVER.includes(reason)) return false;
  if (reason === TrainingReason.Stalled) return true; // only made a failure when the user asks for it
  return restartOn === 'AnyFailure' || cause !== 'program' || retryable === true;
}

/** Another try would take as long. A training that is the only one of its run waits, and is tried again all the same. */
const NEVER: readonly string[] = [TrainingReason.DeadlineExceeded, TrainingReason.StartTimeout];
