import type { TrainingJob } from '../../../crds/schema/training-job.ts';
import { childName } from '../naming.ts';
import type { StagePlan } from './plan.ts';

/** An Indexed Job's name and `-1023`, the index of the last of 1024 pods, together are a host name of at most 63. */
const LONGEST_JOB_NAME = 58;
/** Lists of a thousand hosts stand in single variables, which the kernel limits to 128 KiB. */
const LONGEST_SERVICE_NAME = 40;

/** Annotation on a TrainingJob; any new value starts a new run. */
export const RUN_AGAIN = 'aimass.dev/runAgain';

type Named = Pick<TrainingJob, 'metadata'>;

/** The claim that keeps the files of all runs. */
export const workspaceName = ({ metadata }: Named): string => childName(metadata.name, 'workspace');

/** The headless Service by which workers find each other, of all runs. */
export const workersServiceName = ({ metadata }: Named): string =>
  childName(metadata.name, 'workers', LONGEST_SERVICE_NAME);

/** The template of the devices that workers claim. */
export const deviceClaimName = ({ metadata }: Named, hash: string): string =>
  childName(metadata.name, `devices-${hash}`);

/** The Job of one try of a stage. */
export function stageJobName({ job, run, stage, trial, attempt }: StagePlan): string {
  const part = trial === undefined ? stage : `${stage}-t${trial.number}`;
  return childName(job.metadata.name, `r${run}-${part}-${attempt}`, LONGEST_JOB_NAME);
}

/** A ConfigMap with up to a hundred trials of a run; chunks count from 0. */
export const ledgerName = ({ metadata }: Named, run: number, chunk: number): string =>
  childName(metadata.name, `r${run}-trials-${chunk}`);

/** The init container that fetches a data set: its name cannot be that of another container. */
export const dataContainerName = (dataSet: string): string => `fetch-${dataSet}`;

/** The init containers that fetch the Models that a run starts from. */
export const MODEL_CONTAINERS = { base: 'base-model', teacher: 'teacher-model' } as const;
