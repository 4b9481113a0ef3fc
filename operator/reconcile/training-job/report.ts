import type { TrainingJob } from '../../../crds/schema/training-job.ts';
import type { TrainingJobStatus } from '../../../crds/schema/training/status.ts';
import { sameJson } from '../../kube/same-json.ts';
import { keyOf, type TrainingDeps } from './deps.ts';

/** Writes the status when it is time to; gives in how many milliseconds it is, when not yet. */
export async function report(
  job: TrainingJob,
  status: TrainingJobStatus,
  { cluster, pace, now }: TrainingDeps,
): Promise<number> {
  if (sameJson(job.status, status)) return 0;
  const key = keyOf(job.metadata);
  const nowMs = now().getTime();
  const waitMs = pace.waitMs(key, [job.status, status], nowMs);
  if (waitMs > 0) return waitMs;
  await cluster.reportStatus(job, status);
  pace.wrote(key, nowMs);
  return 0;
}
