import type { V1VolumeMount } from '@kubernetes/client-node';
import type { StagePlan } from './plan.ts';

/** Where a run's files are, in every container. */
export const ROOT = '/aimass';

/** Where the folders of all runs are, in the one container that removes old ones. */
export const RUNS_ROOT = '/workspace';

/** Whether this is the stage that removes the folders of old runs. */
export const seesAllRuns = ({ stage, keepRuns }: StagePlan): boolean => stage === 'prepare' && keepRuns !== undefined;

/** The folder of a run in the work space. */
export const runFolder = ({ run }: Pick<StagePlan, 'run'>): string => `run-${run}`;

/** A folder of the work space at a path of the container. */
export const folderMount = (mountPath: string, subPath: string): V1VolumeMount => ({
  name: 'workspace',
  mountPath,
  subPath,
});

/** The folder of the run at the root of its files. */
export const runMount = (plan: Pick<StagePlan, 'run'>): V1VolumeMount => folderMount(ROOT, runFolder(plan));
