import type { Task } from '../../../crds/schema/model.ts';
import type { TrainingJobSpec } from '../../../crds/schema/training-job.ts';

/** What the model will do: as the user says, else what the recipe trains for. */
export const taskOf = ({ task, recipe }: TrainingJobSpec): Task => task ?? recipe?.name ?? 'custom';
