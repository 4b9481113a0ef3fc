import type { Chunk } from '../decide/training-job/log-lines/read-chunk.ts';
import { foldAll } from '../decide/training-job/progress/fold.ts';
import { placeOf } from '../decide/training-job/progress/position.ts';
import { startProgress, type ProgressState } from '../decide/training-job/progress/state.ts';
import type { TrainingPod } from './training-pod.ts';
import { withUsage, type Usage, type UsageSample } from './usage.ts';

/** What is remembered of one pod: its last words, its place, and what it used. */
export class PodMemory {
  pod: TrainingPod;
  lastLine: string | undefined;
  lastOutputAtMs: number | undefined;
  /** The time stamp up to which its log was read. */
  lastStamp: string | undefined;
  /** When its log was read last. */
  readAtMs: number | undefined;
  /** Its place alone: metrics are kept once a training. */
  place: ProgressState = startProgress();
  /** Steps a second between the last two reads. */
  stepsPerSecond: number | undefined;
  usage: Usage | undefined;
  /** Its log was read after it had ended. */
  isReadToEnd = false;
  failures = 0;
  dueAtMs = -Infinity;

  constructor(pod: TrainingPod) {
    this.pod = pod;
  }

  /** Remembers what a read has brought. */
  listen(chunk: Chunk, nowMs: number): void {
    const [step, seconds] = [this.step, (nowMs - (this.readAtMs ?? nowMs)) / 1000];
    this.readAtMs = nowMs;
    if (chunk.lines === 0) return;
    this.lastLine = chunk.lastLine ?? this.lastLine;
    this.lastStamp = chunk.lastStamp ?? this.lastStamp;
    this.lastOutputAtMs = chunk.lastStamp === undefined ? nowMs : Date.parse(chunk.lastStamp);
    const places = chunk.readings.map(({ odd: _odd, ...reading }) => ({ ...reading, metrics: {} }));
    this.place = foldAll(this.place, places);
    if (step !== undefined && seconds > 0) this.stepsPerSecond = Math.max(0, ((this.step ?? step) - step) / seconds);
  }

  /** The step or epoch that it is at. */
  get step(): number | undefined {
    return placeOf(this.place).step;
  }

  /** Adds a measurement; gives the core seconds that it adds. */
  measure(sample: UsageSample): number {
    const before = this.usage?.cpuSeconds ?? 0;
    this.usage = withUsage(this.usage, sample);
    return this.usage.cpuSeconds - before;
  }
}
