import type { TrainingJob } from '../../crds/schema/training-job.ts';
import type { TrainingJobStatus } from '../../crds/schema/training/status.ts';
import type { TimedReading } from '../decide/training-job/log-lines/read-chunk.ts';
import { foldAll } from '../decide/training-job/progress/fold.ts';
import { startProgress, type ProgressState } from '../decide/training-job/progress/state.ts';
import { speakersOf } from './current-pods.ts';
import type { JobVoice } from './job-voice.ts';
import { progressOptions } from './job-settings.ts';
import { PodMemory } from './pod-memory.ts';
import { gpuSecondsOf, type TrainingPod } from './training-pod.ts';

/** What a run has used. */
export interface RunUsage {
  cpuSeconds?: number;
  gpuSeconds?: number;
  peakMemoryBytes?: number;
}

/** What there is when a run is seen for the first time. */
export interface FirstSight {
  run: number;
  job: TrainingJob | undefined;
  pods: readonly TrainingPod[];
  nowMs: number;
}

/** What is remembered of one run of a TrainingJob: its one training, or those of its trials, and what all of them used. */
export class JobMemory {
  readonly run: number;
  /** Its pods, by uid. */
  readonly pods = new Map<string, PodMemory>();
  /** By the name of the Kubernetes Job for trials; the tries of a single training are one, under ''. */
  readonly trainings = new Map<string, ProgressState>();
  /** What the pods say; changes only when that is worth a write. */
  voice: JobVoice | undefined;
  /** When that was put together. */
  voiceAtMs = -Infinity;
  hasSkippedLines = false;
  readonly #status: Pick<TrainingJobStatus, 'progress' | 'metrics' | 'resources'>;
  #speakers: ReadonlySet<string> = new Set();
  #cpuSeconds: number | undefined;
  #peakMemoryBytes: number | undefined;
  /** Of pods that are gone. */
  #gpuSeconds: number;

  constructor({ run, job, pods, nowMs }: FirstSight) {
    this.run = run;
    this.#status = job?.status?.run?.number === run ? job.status : {};
    const { cpuSeconds, peakMemoryBytes, gpuSeconds = 0 } = this.#status.resources ?? {};
    this.#cpuSeconds = cpuSeconds;
    this.#peakMemoryBytes = peakMemoryBytes;
    this.#gpuSeconds = Math.max(0, gpuSeconds - heldUntil(pods, this.resumeMs ?? nowMs));
  }

  /** When status was true; undefined when it says nothing of this run. */
  get resumeMs(): number | undefined {
    const { observedAt } = this.#status.progress ?? {};
    return observedAt === undefined ? undefined : Date.parse(observedAt);
  }

  /** Decides anew who speaks for each training. */
  chooseSpeakers(): void {
    this.#speakers = speakersOf(this.pods.values());
  }

  /** Whether a pod speaks for its training. */
  speaks({ uid }: TrainingPod): boolean {
    return this.#speakers.has(uid);
  }

  /** What is known of the training that a pod belongs to. */
  trainingOf(pod: TrainingPod): ProgressState | undefined {
    return this.trainings.get(trainingKey(pod));
  }

  /** Adds what a pod has printed to its training. */
  hear(pod: TrainingPod, readings: readonly TimedReading[], job: TrainingJob | undefined): void {
    const key = trainingKey(pod);
    const known = this.trainings.get(key) ?? this.#begin(pod, job);
    this.trainings.set(key, foldAll(known, readings));
  }

  #begin(pod: TrainingPod, job: TrainingJob | undefined): ProgressState {
    return startProgress(progressOptions(job, pod.parameters), pod.trial === undefined ? this.#status : {});
  }

  /** Adds what a pod was measured to have used. */
  spend(cpuSeconds: number, peakMemoryBytes: number): void {
    this.#cpuSeconds = (this.#cpuSeconds ?? 0) + cpuSeconds;
    this.#peakMemoryBytes = Math.max(this.#peakMemoryBytes ?? 0, peakMemoryBytes);
  }

  /** Remembers a pod as it is now. */
  notice(pod: TrainingPod): PodMemory {
    const memory = this.pods.get(pod.uid) ?? new PodMemory(pod);
    memory.pod = pod;
    this.pods.set(pod.uid, memory);
    return memory;
  }

  /** Keeps what a pod had used that is gone, and forgets what its trial printed. */
  takeLeave({ pod }: PodMemory, nowMs: number): void {
    this.pods.delete(pod.uid);
    this.#gpuSeconds += gpuSecondsOf(pod, nowMs);
    if (pod.trial !== undefined) this.trainings.delete(trainingKey(pod));
  }

  /** What the run has used so far, with the pods that are there. */
  usage(nowMs: number): RunUsage {
    const pods = [...this.pods.values()].map(({ pod }) => pod);
    const gpuSeconds = this.#gpuSeconds + heldUntil(pods, nowMs);
    return {
      ...(this.#cpuSeconds === undefined ? {} : { cpuSeconds: Math.round(this.#cpuSeconds * 10) / 10 }),
      ...(gpuSeconds === 0 ? {} : { gpuSeconds: Math.round(gpuSeconds * 10) / 10 }),
      ...(this.#peakMemoryBytes === undefined ? {} : { peakMemoryBytes: Math.round(this.#peakMemoryBytes) }),
    };
  }
}

/** Each trial is a training of its own; a try after a restart goes on with the same one. */
const trainingKey = ({ trial, job }: TrainingPod): string => (trial === undefined ? '' : job);

const heldUntil = (pods: readonly TrainingPod[], untilMs: number): number =>
  pods.reduce((sum, pod) => sum + gpuSecondsOf(pod, untilMs), 0);
