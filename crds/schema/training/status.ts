import { z } from 'zod';
import { baseModelDigest, conditions, dataSets } from '../shared.ts';
import { trials } from './trials.ts';

/** The stages of a run, in their order. */
export const STAGES = ['prepare', 'train', 'evaluate', 'convert', 'compress', 'publish'] as const;
export type StageName = (typeof STAGES)[number];

/** What a job is doing. */
const PHASES = [
  'Pending',
  'Preparing',
  'Training',
  'Evaluating',
  'Converting',
  'Compressing',
  'Publishing',
  'Succeeded',
  'Failed',
  'Suspended',
] as const;
export type Phase = (typeof PHASES)[number];

const numbers = z.record(z.string(), z.number()).meta({ maxProperties: 64 });
const loose = z.looseObject({}).meta({ 'x-kubernetes-preserve-unknown-fields': true });

const stage = z.object({
  name: z.enum(STAGES).describe('Name of the stage.'),
  state: z.enum(['Waiting', 'Running', 'Succeeded', 'Failed']).describe('How it is.'),
  job: z.string().max(253).optional().describe('Its Job; absent during a search, which has many.'),
  attempt: z.int32().min(1).optional().describe('How many times it was started.'),
  startedAt: z.iso.datetime().optional().describe('When it began.'),
  finishedAt: z.iso.datetime().optional().describe('When it ended.'),
  retryAt: z.iso.datetime().optional().describe('When it is tried again, after a failure that can pass by itself.'),
  reason: z.string().max(128).optional().describe('One word for programs: why it failed last.'),
  message: z.string().max(4096).optional().describe('A sentence for people: why it failed last, and what to do.'),
  result: loose.optional().describe('What it reported.'),
});
/** One stage of the current run. */
export type StageStatus = z.infer<typeof stage>;

const artifact = z.object({
  uri: z.string().max(2048).describe('Where it is, with its digest.'),
  digest: z.string().max(80).describe('Digest of the OCI manifest.'),
  sizeBytes: z.int().min(0).optional().describe('Bytes of its files.'),
  originalUri: z.string().max(2048).optional().describe('Where the model is as training wrote it, unconverted.'),
  run: z.int32().min(1).describe('The run that made it.'),
  metrics: numbers.optional().describe('What it was judged by.'),
  publishedAt: z.iso.datetime().optional().describe('When it was published.'),
});
/** What a run published. */
export type Artifact = z.infer<typeof artifact>;

const worker = z.object({
  name: z.string().max(253).describe('Name of the pod.'),
  state: z.string().max(63).describe('How it is: Waiting, Running, Stalled, Straggling, Succeeded or Failed.'),
  lastOutputAt: z.iso.datetime().optional().describe('When it last printed something.'),
  lastLine: z.string().max(256).optional().describe('The last line that it printed.'),
});

const endedRun = z.object({
  number: z.int32().min(1).describe('Number of the run.'),
  startedAt: z.iso.datetime().optional().describe('When it began.'),
  finishedAt: z.iso.datetime().describe('When it ended.'),
  outcome: z.enum(['Succeeded', 'Failed', 'Replaced']).describe('How it ended.'),
  reason: z.string().max(128).optional().describe('Why it failed.'),
  metrics: numbers.optional().describe('What it was judged by.'),
  digest: z.string().max(80).optional().describe('Digest of what it published.'),
  uri: z.string().max(2048).optional().describe('Where that is.'),
  promoted: z
    .boolean()
    .optional()
    .describe('Whether Models follow it. False: it was worse than the one before, and is only kept.'),
});
/** A run that has ended. */
export type EndedRun = z.infer<typeof endedRun>;

const progress = z.object({
  percent: z.number().min(0).max(100).optional().describe('How much of the training is done.'),
  step: z.number().optional().describe('The step or epoch that it is at.'),
  total: z.number().optional().describe('The last step or epoch.'),
  etaSeconds: z.number().optional().describe('Seconds that are left, as far as its speed tells.'),
  observedAt: z.iso.datetime().optional().describe('When this was read.'),
});

const metrics = z.object({
  latest: numbers.optional().describe('As last printed.'),
  best: numbers.optional().describe('The best of each: the smallest loss, the largest accuracy.'),
  curve: z
    .array(z.object({ step: z.number().describe('Step or epoch.'), values: numbers.describe('Metrics at that step.') }))
    .max(100)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe('How they went, thinned out to a hundred points.'),
  note: z.string().max(512).optional().describe('What is odd about them, such as a loss that is not a number.'),
});

/** What the operator writes in `TrainingJob.status`. */
export const trainingJobStatus = z.object({
  observedGeneration: z
    .int32()
    .min(-1)
    .optional()
    .describe('The generation that this status was decided for; -1 until the operator has seen the object.'),
  conditions: conditions.optional(),
  phase: z.enum(PHASES).optional().describe('What the job is doing.'),
  waitingFor: z
    .string()
    .max(2048)
    .optional()
    .describe('What is missing, who holds it, and what would help. Absent when nothing is missing.'),
  run: z
    .object({
      number: z.int32().min(1).describe('Number of the run, from 1.'),
      specHash: z.string().max(63).describe('Which settings it runs with.'),
      trigger: z.string().max(128).optional().describe('What started it: Created, SpecChanged, Schedule or RunAgain.'),
      scheduledFor: z.iso.datetime().optional().describe('The time of the schedule that it stands for.'),
      startedAt: z.iso.datetime().describe('When it began.'),
      finishedAt: z.iso.datetime().optional().describe('When it ended.'),
      workspace: z.string().max(253).optional().describe('The volume claim that holds its files.'),
      bestTrial: z.int32().min(0).optional().describe('The trial whose output goes on.'),
      restarts: z.int32().min(0).optional().describe('How often its workers were started again.'),
    })
    .optional()
    .describe('The run that goes on, or that ended last.'),
  stages: z
    .array(stage)
    .max(6)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
    .optional()
    .describe('The stages of that run, in their order.'),
  progress: progress.optional().describe('How far training is, read from what it prints.'),
  metrics: metrics.optional().describe('What training prints.'),
  workers: z
    .object({
      wanted: z.int32().min(0).describe('How many there should be.'),
      running: z.int32().min(0).describe('How many run.'),
      stalled: z
        .array(z.string().max(253))
        .max(20)
        .meta({ 'x-kubernetes-list-type': 'atomic' })
        .optional()
        .describe('Those that hang.'),
      stragglers: z
        .array(z.string().max(253))
        .max(20)
        .meta({ 'x-kubernetes-list-type': 'atomic' })
        .optional()
        .describe('Those that are behind the others.'),
      pods: z
        .array(worker)
        .max(20)
        .meta({ 'x-kubernetes-list-type': 'atomic' })
        .optional()
        .describe('The first twenty, one by one.'),
    })
    .optional()
    .describe('The pods that train.'),
  trials: trials.optional(),
  evaluation: z
    .object({
      metrics: numbers.describe('What the trained model reached on data that it had not seen.'),
      rows: z.int32().min(0).optional().describe('How many rows that were.'),
      source: z.string().max(253).optional().describe('Where they came from; Reported: the program said so itself.'),
    })
    .optional()
    .describe('How good the model is.'),
  compression: loose
    .optional()
    .describe('What was tried to make it smaller: size, latency and metric before and after, and what was chosen.'),
  data: dataSets({
    sizeBytes: z.int().min(0).optional().describe('Its size.'),
    uri: z.string().max(2048).optional().describe('Where exactly it came from, when its source moves.'),
  }).describe('What was trained on.'),
  baseModel: baseModelDigest,
  artifact: artifact.optional().describe('What Models follow: the newest run that was published and promoted.'),
  resources: z
    .object({
      cpuSeconds: z.number().optional().describe('Core seconds used by the workers of this run.'),
      gpuSeconds: z.number().optional().describe('Seconds for which accelerators were held, times their number.'),
      peakMemoryBytes: z.int().min(0).optional().describe('Most memory that one pod used.'),
    })
    .optional()
    .describe('What the run took.'),
  runs: z
    .array(endedRun)
    .max(20)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe('Runs that ended, newest first.'),
  nextRunAt: z.iso.datetime().optional().describe('When the schedule is due.'),
});
export type TrainingJobStatus = z.infer<typeof trainingJobStatus>;
