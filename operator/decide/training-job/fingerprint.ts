import type { TrainingJob, TrainingJobSpec } from '../../../crds/schema/training-job.ts';
import type { StageName } from '../../../crds/schema/training/status.ts';
import { shortHash } from '../../build/naming.ts';
import { RUN_AGAIN } from '../../build/training-job/names.ts';
import { specHash } from '../../build/training-job/spec-hash.ts';
import { needsWorkspace, wantedStages } from '../../build/training-job/stages.ts';

/** Annotation on a TrainingJob; any new value goes on with a failed run, from the stage that failed. */
export const RETRY = 'aimass.dev/retry';

/** The stages after training, whose settings may change without training again. */
const LATER = ['evaluate', 'convert', 'compress', 'publish'] as const satisfies readonly StageName[];
type Later = (typeof LATER)[number];

/** What has changed since a run was opened; the first that applies. */
export type Change =
  | { kind: 'none' }
  | { kind: 'newRun'; trigger: 'SpecChanged' | 'RunAgain' }
  /** What was trained still counts; the run goes on from this stage. */
  | { kind: 'reopen'; from: StageName }
  /** Only how it is run: more memory, more restarts, or somebody asks for another try. */
  | { kind: 'means' };

const LATER_LENGTH = 6;

/** Every pass asks for it, and an object as it was read never changes. */
const known = new WeakMap<TrainingJob, string>();

/**
 * Which settings a run has, as it is kept in `status.run.specHash`: what is trained, the annotation that runs it again, each
 * later stage, and the means.
 */
export function fingerprintOf(job: TrainingJob): string {
  const fingerprint = known.get(job) ?? compute(job);
  known.set(job, fingerprint);
  return fingerprint;
}

function compute({ spec, metadata }: TrainingJob): string {
  const again = metadata.annotations?.[RUN_AGAIN];
  return [
    trainingHash(spec),
    again === undefined ? '' : shortHash(again, 6),
    LATER.map((stage) => shortHash(inputsOf[stage](spec), LATER_LENGTH)).join(''),
    shortHash([meansOf(spec), metadata.annotations?.[RETRY]], 8),
  ].join('.');
}

/** Compares what a run was opened with to what is wanted now. */
export function decideChange(before: string, now: string): Change {
  const [trained, again, laters = '', means] = before.split('.');
  const [trainedNow, againNow, latersNow = '', meansNow] = now.split('.');
  if (trained !== trainedNow) return { kind: 'newRun', trigger: 'SpecChanged' };
  if (again !== againNow && againNow !== '') return { kind: 'newRun', trigger: 'RunAgain' };
  const from = LATER.find((_, index) => partOf(laters, index) !== partOf(latersNow, index));
  if (from !== undefined) return { kind: 'reopen', from };
  return means === meansNow ? { kind: 'none' } : { kind: 'means' };
}

const partOf = (laters: string, index: number): string =>
  laters.slice(index * LATER_LENGTH, (index + 1) * LATER_LENGTH);

/** Without a work space nothing is left for a later stage, so wanting one for the first time trains again. */
function trainingHash(spec: TrainingJobSpec): string {
  const { evaluation: _evaluation, publish: _publish, workspace: _workspace, workers, ...trained } = spec;
  const { resources: _resources, ...group } = workers ?? {};
  return shortHash([specHash({ ...trained, workers: group } as TrainingJobSpec), needsWorkspace(spec)]);
}

const inputsOf: Readonly<Record<Later, (spec: TrainingJobSpec) => unknown>> = {
  evaluate: (spec) => [isWanted(spec, 'evaluate'), spec.evaluation],
  convert: (spec) => [isWanted(spec, 'convert'), spec.publish?.tflite],
  compress: (spec) => [spec.publish?.optimize],
  publish: ({ publish }) => {
    const { model: _model, promote: _promote, convert: _convert, ...published } = publish ?? {};
    return [publish !== undefined, published];
  },
};

const isWanted = (spec: TrainingJobSpec, stage: StageName): boolean => wantedStages(spec).includes(stage);

const meansOf = (spec: TrainingJobSpec) => {
  const { maxRestarts, restartOn, startTimeout, deadline, stall, queueName, placement, workspace, workers } = spec;
  const { resources } = workers ?? {};
  return { maxRestarts, restartOn, startTimeout, deadline, stall, queueName, placement, workspace, resources };
};
