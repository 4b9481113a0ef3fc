import type { TrainingJobSpec } from '../../../crds/schema/training-job.ts';
import type { Scalar } from '../../../crds/schema/training/program.ts';
import type { StagePlan } from './plan.ts';
import { taskOf } from './task.ts';

/** All parameters of this training: those of the spec, and over them those of the trial. */
export const parametersOf = ({ job, trial }: Pick<StagePlan, 'job' | 'trial'>): Record<string, Scalar> => ({
  ...(job.spec.parameters as Record<string, Scalar> | undefined),
  ...trial?.parameters,
});

/** What a stage is told of the job, as the JSON in AIMASS_SPEC; only what is set, each stage has its own defaults. */
export const stageDocument = (plan: StagePlan) => {
  const { job, run, keepRuns } = plan;
  const { spec, metadata } = job;
  return withoutUndefined({
    job: metadata.name,
    namespace: metadata.namespace,
    run,
    task: taskOf(spec),
    framework: spec.framework,
    recipe: spec.recipe,
    parameters: parametersOf(plan),
    data: spec.data?.map(({ name }) => name),
    prepare: spec.prepare,
    evaluation: spec.evaluation,
    publish: publishPart(spec),
    objective: spec.search?.objective,
    seed: spec.seed,
    card: spec.publish?.card,
    keepRuns,
  });
};

function publishPart({ publish }: TrainingJobSpec) {
  if (publish === undefined) return undefined;
  const { convert, optimize, tflite } = publish;
  return withoutUndefined({ convert, optimize, tflite });
}

const withoutUndefined = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as T;
