import type { TrainingJob } from '../../../crds/schema/training-job.ts';
import { currentStage, isFinished, type Life } from '../../decide/training-job/life.ts';
import { jobEnd, partOf, type Job } from '../../decide/training-job/observed.ts';
import type { Cluster } from '../../kube/cluster.ts';
import { removeQuietly } from '../remove-quietly.ts';
import { listJobs } from './observe.ts';

/** Stops what no longer counts: Jobs that the status does not name. Those that ended are kept for their logs, for a while. */
export async function tidy(cluster: Cluster, owner: TrainingJob, life: Life): Promise<void> {
  for (const job of listJobs(cluster, owner)) {
    if (jobEnd(job) === undefined && !isNamed(job, life) && !isTrialOf(job, owner, life))
      await removeQuietly(cluster, job);
  }
}

const isNamed = ({ metadata }: Job, { stages }: Life): boolean => stages.some(({ job }) => job === metadata.name);

/** While a search goes on, it sees to its trials itself. */
function isTrialOf(job: Job, { spec }: TrainingJob, life: Life): boolean {
  const { run, trial } = partOf(job);
  const stage = currentStage(life);
  const isSearching = !spec.suspend && !isFinished(life) && stage?.name === 'train' && stage.state === 'Running';
  return trial !== undefined && isSearching && run === life.run?.number;
}
