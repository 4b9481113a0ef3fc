import type { ApiObjectMetadata } from 'cdk8s';
import type { Construct } from 'constructs';
import type { z } from 'zod';
import { trainingJobKind } from '../../crds/schema/kinds.ts';
import type { trainingJobSpec } from '../../crds/schema/training-job.ts';
import { CheckedObject } from './checked-object.ts';

/** `TrainingJob.spec` as people write it: what has a default may be left out. */
export type TrainingJobSpecInput = z.input<typeof trainingJobSpec>;

/** A TrainingJob field by field; see `crds/REFERENCE.md`. */
export interface KubeTrainingJobProps {
  /** Name, namespace, labels and annotations. */
  readonly metadata?: ApiObjectMetadata;
  /** What you want of this TrainingJob. */
  readonly spec: TrainingJobSpecInput;
}

/** The kind TrainingJob of `aimass.dev/v1alpha1`, field by field (L1). `TrainingJob` says the same by intent. */
export class KubeTrainingJob extends CheckedObject {
  /** Adds a TrainingJob to `scope`. */
  constructor(scope: Construct, id: string, props: KubeTrainingJobProps) {
    super({ scope, id, definition: trainingJobKind }, props);
  }
}
