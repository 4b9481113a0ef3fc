import type { TrainingJob } from '../../crds/schema/training-job.ts';
import type { TrainingJobStatus } from '../../crds/schema/training/status.ts';
import { median } from '../decide/training-job/progress/median.ts';
import { decideStalled, type Stalled, type WorkerSigns } from '../decide/training-job/progress/stall.ts';
import { decideStragglers, type Straggler } from '../decide/training-job/progress/stragglers.ts';
import {
  metricsOf,
  objectiveValues,
  progressOf,
  type ObjectiveValues,
} from '../decide/training-job/progress/summary.ts';
import { decideShown, type Shown } from '../decide/training-job/progress/worth-writing.ts';
import { stallAfterMs } from './job-settings.ts';
import type { JobMemory } from './job-memory.ts';
import type { PodMemory } from './pod-memory.ts';
import type { TrainingPod } from './training-pod.ts';
import { busyAtOf } from './usage.ts';

type Workers = NonNullable<TrainingJobStatus['workers']>;
type WorkerStatus = NonNullable<Workers['pods']>[number];

/** What the pods of a TrainingJob tell, as status shows it. */
export interface JobVoice extends Pick<TrainingJobStatus, 'progress' | 'metrics' | 'resources'> {
  workers: Pick<Workers, 'stalled' | 'stragglers' | 'pods'>;
  /** Who hangs, since when, and what it printed last. */
  stalled: Stalled[];
  /** Who is behind, with figures. */
  stragglers: Straggler[];
  /** The objective of each trial that runs. */
  trialValues: ReadonlyMap<number, ObjectiveValues>;
}

/** What a voice is made of. */
export interface Heard {
  job: TrainingJob | undefined;
  memory: JobMemory;
  /** The pods that count, in the order of their workers. */
  current: readonly PodMemory[];
  /** Why nothing can be read. */
  problem: string | undefined;
  nowMs: number;
}

const MOST_SHOWN = 20;
const ENOUGH_SECONDS = 120;
const SKIPPED = 'Some lines were left out: it prints more than is read.';

/** Puts together what pods tell. Progress and metrics stay as they were until a difference is worth a write. */
export function composeVoice(heard: Heard): JobVoice {
  const { job, memory, current, nowMs } = heard;
  const signs = current.filter(({ pod }) => isAtWork(pod)).map((worker) => signsOf(worker, nowMs));
  const stalled = decideStalled(signs, { afterMs: stallAfterMs(job), nowMs });
  const stragglers = stragglersAmong(signs, current);
  const isSearch = current.some(({ pod }) => pod.trial !== undefined);
  return {
    ...present(decideShown(shownBefore(heard), isSearch ? {} : freshly(heard), isOver(current) ? Infinity : nowMs)),
    resources: memory.usage(nowMs),
    workers: workersOf(current, { stalled, stragglers }),
    stalled,
    stragglers,
    trialValues: trialValuesOf(heard),
  };
}

/** At the end everything is worth a write. */
const isOver = (current: readonly PodMemory[]): boolean => current.every(({ pod }) => pod.endedAtMs !== undefined);

/** Whether the program of a pod runs. */
const isAtWork = ({ startedAtMs, endedAtMs, isBeingDeleted }: TrainingPod): boolean =>
  startedAtMs !== undefined && endedAtMs === undefined && !isBeingDeleted;

const present = ({ progress, metrics }: Shown): Pick<TrainingJobStatus, 'progress' | 'metrics'> => ({
  ...(progress === undefined ? {} : { progress }),
  ...(metrics === undefined ? {} : { metrics }),
});

/** Before the first round that is what status says, if it speaks of this run. */
function shownBefore({ memory, job, current }: Heard): Shown {
  if (memory.voice !== undefined) return memory.voice;
  if (current.some(({ pod }) => pod.trial !== undefined)) return {};
  return job?.status?.run?.number === memory.run ? { progress: job.status.progress, metrics: job.status.metrics } : {};
}

function freshly({ memory, nowMs, problem }: Heard): Shown {
  const state = memory.trainings.get('');
  if (state === undefined) return problem === undefined ? {} : { metrics: { note: problem } };
  const words = [...(memory.hasSkippedLines ? [SKIPPED] : []), ...(problem === undefined ? [] : [problem])];
  return { progress: progressOf(state, nowMs), metrics: metricsOf(state, words) };
}

const signsOf = ({ pod, lastLine, lastOutputAtMs, readAtMs, step, usage }: PodMemory, nowMs: number): WorkerSigns => ({
  name: pod.name,
  job: pod.job,
  index: pod.index,
  trial: pod.trial,
  // Silence counts from when somebody listened: a log that could not be read is no silence.
  startedAtMs: readAtMs === undefined ? nowMs : (pod.startedAtMs ?? nowMs),
  lastOutputAtMs,
  lastLine,
  busyAtMs: busyAtOf(usage, nowMs),
  step,
  stepReadAtMs: readAtMs,
  cores: usage === undefined || usage.seconds < ENOUGH_SECONDS ? undefined : usage.cpuSeconds / usage.seconds,
});

/** Trials do not wait for each other: only the workers of one training are compared. */
function stragglersAmong(signs: readonly WorkerSigns[], current: readonly PodMemory[]): Straggler[] {
  const jobs = Map.groupBy(signs, ({ job }) => job);
  const rate = median(current.flatMap(({ stepsPerSecond }) => stepsPerSecond ?? [])) ?? 0;
  return [...jobs.values()].flatMap((workers) => decideStragglers(workers, rate));
}

interface Behind {
  stalled: readonly Stalled[];
  stragglers: readonly Straggler[];
}

function workersOf(current: readonly PodMemory[], behind: Behind): JobVoice['workers'] {
  const [stalled, stragglers] = [namesOf(behind.stalled), namesOf(behind.stragglers)];
  const pods = current.slice(0, MOST_SHOWN).map((worker) => toStatus(worker, { stalled, stragglers }));
  return {
    ...(stalled.length === 0 ? {} : { stalled: stalled.slice(0, MOST_SHOWN) }),
    ...(stragglers.length === 0 ? {} : { stragglers: stragglers.slice(0, MOST_SHOWN) }),
    ...(pods.length === 0 ? {} : { pods }),
  };
}

const namesOf = (workers: readonly { name: string }[]): string[] => workers.map(({ name }) => name);

interface Names {
  stalled: readonly string[];
  stragglers: readonly string[];
}

const toStatus = ({ pod, lastOutputAtMs, lastLine }: PodMemory, names: Names): WorkerStatus => ({
  name: pod.name,
  state: stateOf(pod, names),
  ...(lastOutputAtMs === undefined ? {} : { lastOutputAt: `${new Date(lastOutputAtMs).toISOString().slice(0, 19)}Z` }),
  ...(lastLine === undefined ? {} : { lastLine }),
});

function stateOf(pod: TrainingPod, { stalled, stragglers }: Names): string {
  if (pod.hasFailed) return 'Failed';
  if (pod.endedAtMs !== undefined) return 'Succeeded';
  if (pod.startedAtMs === undefined) return 'Waiting';
  if (stalled.includes(pod.name)) return 'Stalled';
  return stragglers.includes(pod.name) ? 'Straggling' : 'Running';
}

function trialValuesOf({ memory, current }: Heard): ReadonlyMap<number, ObjectiveValues> {
  const values = new Map<number, ObjectiveValues>();
  for (const { pod } of current) {
    const state = memory.trainingOf(pod);
    if (pod.trial !== undefined && state !== undefined) values.set(pod.trial, objectiveValues(state));
  }
  return values;
}

/** The time of a voice is that of all that it says, also of what the run has used: see JobMemory. */
export const stamped = (voice: JobVoice, nowMs: number): JobVoice => ({
  ...voice,
  progress: { ...voice.progress, observedAt: `${new Date(nowMs).toISOString().slice(0, 19)}Z` },
});

const LINES_EVERY_MS = 60_000;
const USAGE_EVERY_MS = 600_000;

/** Whether a voice says so much more than the one before it that somebody should hear it. */
export function isNews(before: JobVoice | undefined, voice: JobVoice, ageMs: number): boolean {
  if (before === undefined) return true;
  if (before.progress !== voice.progress || before.metrics !== voice.metrics) return true;
  if (statesOf(before) !== statesOf(voice)) return true;
  if (ageMs >= LINES_EVERY_MS && linesOf(before) !== linesOf(voice)) return true;
  return ageMs >= USAGE_EVERY_MS;
}

const statesOf = ({ workers, stalled }: JobVoice): string =>
  JSON.stringify([namesOf(stalled), workers.stragglers, workers.pods?.map(({ name, state }) => [name, state])]);

const linesOf = ({ workers }: JobVoice): string => JSON.stringify(workers.pods?.map(({ lastLine }) => lastLine));
