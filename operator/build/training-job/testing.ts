import type { z } from 'zod';
import type { TrainingJob, TrainingJobSpec } from '../../../crds/schema/training-job.ts';
import { trainingJobSpec } from '../../../crds/schema/training-job.ts';
import { parseSettings, type Settings } from '../../settings.ts';
import type { StagePlan } from './plan.ts';

/** Settings of tests. */
export const settings: Settings = parseSettings({
  runtimeImage: 'registry.example/runtime:1.0',
  training: { toolkitImage: 'registry.example/toolkit:1.0', registry: 'registry.example:5000' },
});

/** What a user may write, before the API server fills in defaults. */
export type Written = z.input<typeof trainingJobSpec>;

/** The spec as it is stored: checked, with all defaults. */
export const specOf = (written: Written): TrainingJobSpec => trainingJobSpec.parse(written);

/** A TrainingJob named digits. */
export const jobOf = (written: Written, name = 'digits'): TrainingJob => ({
  apiVersion: 'aimass.dev/v1alpha1',
  kind: 'TrainingJob',
  metadata: { name, namespace: 'team', uid: 'uid-1', generation: 1 },
  spec: specOf(written),
});

/** The first try of the training of its first run. */
export const planOf = (written: Written, rest: Partial<StagePlan> = {}): StagePlan => ({
  job: jobOf(written),
  settings,
  run: 1,
  stage: 'train',
  attempt: 1,
  ...rest,
});
