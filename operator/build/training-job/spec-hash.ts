import type { TrainingJobSpec } from '../../../crds/schema/training-job.ts';
import { shortHash } from '../naming.ts';

/** What decides when, where and how often a run is tried, but not what comes out of it. */
const ABOUT_THE_WAY = [
  'suspend',
  'schedule',
  'maxRestarts',
  'restartOn',
  'startTimeout',
  'deadline',
  'stall',
  'queueName',
  'placement',
] as const satisfies readonly (keyof TrainingJobSpec)[];

/** What a run stands for: a change of this part of the spec starts a new one. */
export function specHash(spec: TrainingJobSpec): string {
  const left = ABOUT_THE_WAY as readonly string[];
  return shortHash(Object.fromEntries(Object.entries(spec).filter(([name]) => !left.includes(name))));
}
