import { Component, Label, MANAGED_BY } from '../labels.ts';
import type { StagePlan } from './plan.ts';

/** Labels of the Job of a stage and of its pods. */
export const stageLabels = ({ job, run, stage, trial, attempt }: StagePlan): Record<string, string> => ({
  [Label.managedBy]: MANAGED_BY,
  [Label.component]: stage === 'train' ? Component.training : Component.stage,
  [Label.trainingJob]: job.metadata.name,
  [Label.run]: String(run),
  [Label.stage]: stage,
  ...(trial === undefined ? {} : { [Label.trial]: String(trial.number) }),
  [Label.attempt]: String(attempt),
});
