import { Label } from '../labels.ts';
import { askedAffinity, buildNodeChoice, onOneNode, type Placement } from '../placement.ts';
import type { StagePlan } from './plan.ts';
import { stageLabels } from './stage-labels.ts';
import { needsWorkspace } from './stages.ts';
import { workspaceAccessMode } from './workspace-claim.ts';

/**
 * Where the pods of a stage may run: for all stages alike, because the volume of the work space may tie them to the node,
 * or the zone, of the first.
 */
export function buildPlacement(plan: StagePlan): Placement {
  const { placement, workers } = plan.job.spec;
  return {
    ...buildNodeChoice({ placement, accelerator: workers?.accelerator }),
    ...(sharesOneNode(plan) ? { affinity: onOneNode(placement, peersOf(plan)) } : askedAffinity(placement)),
  };
}

/** A ReadWriteOnce claim can be mounted on one node at a time, and these pods want it together. */
function sharesOneNode({ job, settings, stage, trial }: StagePlan): boolean {
  const { spec } = job;
  const count = spec.workers?.count ?? 1;
  const together = trial === undefined ? count : count * (spec.search?.parallelTrials ?? 1);
  const isOnOneNode = needsWorkspace(spec) && workspaceAccessMode(job, settings) === 'ReadWriteOnce';
  return stage === 'train' && together > 1 && isOnOneNode;
}

/** All trials of the run, or the workers of this try alone: those of an earlier one may hang on a node that is lost. */
function peersOf(plan: StagePlan): Record<string, string> {
  const { [Label.trial]: trial, [Label.attempt]: attempt, ...labels } = stageLabels(plan);
  return trial === undefined && attempt !== undefined ? { ...labels, [Label.attempt]: attempt } : labels;
}
