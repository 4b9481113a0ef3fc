import type { TrainingJobSpec } from '../../../crds/schema/training-job.ts';
import { STAGES, type StageName } from '../../../crds/schema/training/status.ts';
import { isLaunched } from './frameworks/mpi/launched.ts';

const isWanted: Readonly<Record<StageName, (spec: TrainingJobSpec) => boolean>> = {
  prepare: ({ data, baseModel, teacherModel, recipe }) =>
    [data, baseModel, teacherModel, recipe].some((given) => given !== undefined),
  train: () => true,
  evaluate: ({ evaluation, recipe, prepare, publish }) =>
    evaluation !== undefined || recipe !== undefined || (prepare !== undefined && publish !== undefined),
  convert: ({ publish }) => publish?.convert === 'onnx',
  compress: ({ publish }) => publish?.optimize !== undefined,
  publish: ({ publish }) => publish !== undefined,
};

/** The stages that a run of this spec goes through, in their order. */
export const wantedStages = (spec: TrainingJobSpec): StageName[] => STAGES.filter((stage) => isWanted[stage](spec));

/** Whether a run keeps files in a volume claim: another stage or another worker reads them, or the user asks for it. */
export const needsWorkspace = (spec: TrainingJobSpec): boolean =>
  spec.workspace !== undefined || wantedStages(spec).length > 1 || isLaunched(spec);
