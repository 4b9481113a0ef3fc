import type { Model } from '../../../crds/schema/model.ts';
import type { TrainingJob } from '../../../crds/schema/training-job.ts';
import { ConditionType, TrainingReason } from '../../../crds/schema/reasons.ts';
import type { ModelSource, StagePlan } from '../../build/training-job/plan.ts';
import { findCondition } from '../conditions.ts';
import { asSentence } from '../words.ts';
import { afterGrace, type Problem } from '../problem.ts';

type Models = NonNullable<StagePlan['models']>;

/** GitOps tools apply a Model and its job at once, in any order; only after this time is a person needed. */
const GRACE_MS = 120_000;

/** The Models that a run starts from, or why it cannot start yet. */
export function decideModels(
  job: TrainingJob,
  find: (name: string) => Model | undefined,
  now: Date,
): { models: Models } | { problem: Problem } {
  const { baseModel, teacherModel } = job.spec;
  const models: Models = {};
  for (const [which, reference] of [
    ['base', baseModel],
    ['teacher', teacherModel],
  ] as const) {
    if (reference === undefined) continue;
    const model = find(reference.name);
    const problem =
      model === undefined ? missing(job, `spec.${which}Model`, { name: reference.name, now }) : notReady(model);
    if (problem !== undefined) return { problem };
    models[which] = sourceOf(model);
  }
  return { models };
}

function missing(job: TrainingJob, field: string, { name, now }: { name: string; now: Date }): Problem {
  return {
    reason: TrainingReason.BaseModelMissing,
    message: `Model "${name}" does not exist in namespace ${job.metadata.namespace}; create it, or correct ${field}.name.`,
    ...afterGrace(now.getTime() - missingSince(job, now).getTime(), GRACE_MS),
  };
}

/** Remembered in the conditions, so that a restart of the operator does not begin to count anew. */
function missingSince({ status, metadata }: TrainingJob, now: Date): Date {
  const find = (type: string) => {
    const condition = findCondition(status?.conditions, type);
    return condition?.reason === TrainingReason.BaseModelMissing ? condition : undefined;
  };
  const stalled = find(ConditionType.Stalled);
  if (stalled !== undefined && stalled.observedGeneration === metadata.generation) return new Date(0);
  const reconciling = find(ConditionType.Reconciling);
  return reconciling === undefined ? now : new Date(reconciling.lastTransitionTime);
}

/** What is being verified now may be another model than the one that was: training waits for the verdict. */
function notReady(model: Model): Problem | undefined {
  const { metadata, status } = model;
  const ready = currentCondition(model, ConditionType.Ready);
  if (ready?.status === 'True' && status?.current?.digest !== undefined) return undefined;
  const why = ready === undefined ? '' : `: ${ready.message}`;
  return {
    reason: TrainingReason.BaseModelNotVerified,
    message: asSentence(`Model "${metadata.name}" is not verified yet${why}`),
    stalled: currentCondition(model, ConditionType.Stalled) !== undefined,
  };
}

/** A condition that speaks of the Model as it is now. */
const currentCondition = ({ metadata, status }: Model, type: string) =>
  status?.observedGeneration === metadata.generation ? findCondition(status?.conditions, type) : undefined;

/** From where it was verified; the spec may point elsewhere by now, with another login. */
function sourceOf(model: Model | undefined): ModelSource | undefined {
  const current = model?.status?.current;
  if (model === undefined || current?.digest === undefined) return undefined;
  return {
    name: model.metadata.name,
    uri: current.uri ?? model.spec.source.uri ?? '',
    digest: current.digest,
    ...(current.credentials === undefined ? {} : { credentials: current.credentials }),
    ...(current.caBundle === undefined ? {} : { caBundle: current.caBundle }),
  };
}
