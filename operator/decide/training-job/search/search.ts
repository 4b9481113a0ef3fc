import type { TrainingJobSpec } from '../../../../crds/schema/training-job.ts';

/** What the user asks of a search. */
export type Search = NonNullable<TrainingJobSpec['search']>;
