import type { Phase, StageName, TrainingJobStatus } from '../../../crds/schema/training/status.ts';
import { decideConditions } from '../conditions.ts';
import { timestamp } from '../times.ts';
import { currentStage, hasSucceeded, isFinished, type Life } from './life.ts';
import { nextRun } from './schedule.ts';
import type { Situation } from './situation.ts';
import { stageConditions } from './stage-conditions.ts';
import { decideVerdict } from './verdict.ts';
import { toldBy } from './voice.ts';

const LONGEST_WAITING_FOR = 2048;

const PHASE_OF: Readonly<Record<StageName, Phase>> = {
  prepare: 'Preparing',
  train: 'Training',
  evaluate: 'Evaluating',
  convert: 'Converting',
  compress: 'Compressing',
  publish: 'Publishing',
};

/** The whole status after a pass. */
export function decideStatus(situation: Situation): TrainingJobStatus {
  const { job, life, problem, now } = situation;
  const { generation } = job.metadata;
  const { run, stages, runs, ...kept } = life;
  const context = { previous: job.status?.conditions, generation, now };
  const due = nextTime(situation);
  return {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    conditions: decideConditions(decideVerdict(situation), context, stageConditions(life)),
    phase: decidePhase(situation),
    ...(problem === undefined ? {} : { waitingFor: problem.message.slice(0, LONGEST_WAITING_FOR) }),
    ...(run === undefined ? {} : { run }),
    ...(stages.length === 0 ? {} : { stages: [...stages] }),
    ...withVoice(kept, situation),
    ...(runs.length === 0 ? {} : { runs: [...runs] }),
    ...(due === undefined ? {} : { nextRunAt: timestamp(due) }),
  };
}

/** When the schedule is due next, while it counts. */
export const nextTime = ({ job: { spec }, invalid, now }: Situation): Date | undefined =>
  spec.suspend || invalid !== undefined ? undefined : nextRun(spec.schedule, now);

function decidePhase({ job: { spec }, life }: Situation): Phase {
  if (isFinished(life)) return hasSucceeded(life) ? 'Succeeded' : 'Failed';
  if (spec.suspend) return 'Suspended';
  const stage = currentStage(life);
  const hasBegun = life.stages.some(({ attempt }) => attempt !== undefined);
  return stage === undefined || !hasBegun ? 'Pending' : PHASE_OF[stage.name];
}

type Kept = Omit<Life, 'run' | 'stages' | 'runs'>;

/** What the pods say goes over what they said before; a run that has ended keeps the last words. */
function withVoice(kept: Kept, { life, voice, pods }: Situation): Partial<TrainingJobStatus> {
  if (isFinished(life) || pods === undefined) return kept;
  const told = voice === undefined ? {} : toldBy(voice);
  return { ...kept, ...told, workers: { wanted: pods.wanted, running: pods.running, ...voice?.workers } };
}
