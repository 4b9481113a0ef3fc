import { detached } from '../decide/training-job/log-lines/detached.ts';
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

  /** Remembers what a piece of its log says. */
  listen(chunk: Chunk, nowMs: number): void {
    if (chunk.lines === 0) return;
    if (chunk.lastLine !== undefined) this.lastLine = detached(chunk.lastLine);
    if (chunk.lastStamp !== undefined) this.lastStamp = detached(chunk.lastStamp);
    this.lastOutputAtMs = chunk.lastStamp === undefined ? nowMs : Date.parse(chunk.lastStamp);
    const places = chunk.readings.map(({ odd: _odd, ...reading }) => ({ ...reading, metrics: {} }));
    this.place = foldAll(this.place, places);
  }

  /** Its log has been read up to now; `before` is the step that it was at until then. */
  endRead(before: number | undefined, nowMs: number): void {
    const seconds = (nowMs - (this.readAtMs ?? nowMs)) / 1000;
    if (before !== undefined && seconds > 0)
      this.stepsPerSecond = Math.max(0, ((this.step ?? before) - before) / seconds);
    this.readAtMs = nowMs;
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
