import type { TrainingJob } from '../../crds/schema/training-job.ts';
import { objectiveValues, type ObjectiveValues } from '../decide/training-job/progress/summary.ts';
import type { Cluster } from '../kube/cluster.ts';
import type { Clock } from '../loop/clock.ts';
import { forEachAtOnce, Rounds } from '../loop/rounds.ts';
import { currentPods } from './current-pods.ts';
import { JobMemory } from './job-memory.ts';
import { findTrainingJob, isHeardOut, wantedMetrics } from './job-settings.ts';
import { composeVoice, isNews, stamped, type JobVoice } from './job-voice.ts';
import { isNothingToRead, LogReader, pauseAfter, type Piece } from './log-reader.ts';
import type { PodMemory } from './pod-memory.ts';
import { listPodsOf, listTrainingPods, type TrainingPod } from './training-pod.ts';
import { UsageReader } from './usage-reader.ts';

/** What the watcher works with. */
export interface TrainingWatcherDeps {
  cluster: Cluster;
  clock: Clock;
  /** How often pods are read. */
  everySeconds: number;
  /** Called with the key of a TrainingJob whose pods have something to tell. */
  wake: (key: string) => void;
}

/** A Kubernetes Job by name. */
export interface JobName {
  namespace: string;
  name: string;
}

const OTHERS_MS = 30_000;
/** With more pods than that, those that do not speak for their training are read less often. */
const MANY_PODS = 200;
const MOST_AT_ONCE = 8;
/** Clocks of nodes and of the API server differ. */
const OVERLAP_MS = 30_000;

/**
 * Reads the logs and the usage of the pods that train, in rounds, and keeps what status shows of it. It never writes: it
 * wakes the reconciler when there is something worth a write.
 */
export class TrainingWatcher {
  readonly #deps: TrainingWatcherDeps;
  readonly #rounds: Rounds;
  readonly #logs: LogReader;
  readonly #usage: UsageReader;
  readonly #jobs = new Map<string, JobMemory>();

  constructor(deps: TrainingWatcherDeps) {
    this.#deps = deps;
    this.#rounds = new Rounds(deps);
    this.#logs = new LogReader(deps.cluster, deps.clock);
    this.#usage = new UsageReader(deps.cluster, deps.clock);
  }

  /** Starts the rounds. */
  start(): void {
    this.#rounds.start(() => this.round());
  }

  /** Ends the rounds; the one that runs ends first. */
  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  /** What the pods of a TrainingJob tell, by `namespace/name`; undefined until they were listened to. */
  of(key: string): JobVoice | undefined {
    return this.#jobs.get(key)?.voice;
  }

  /** Reads the pods of a Job that has ended to their end, and gives what its TrainingJob tells with that; throws when that cannot be. */
  async finalOf(job: JobName): Promise<JobVoice | undefined> {
    const pods = this.#notice(listPodsOf(this.#deps.cluster, job));
    for (const memory of pods) {
      await this.#readToEnd(memory);
      // What the others print is not shown any more.
      if (this.#speaks(memory) && memory.place.readings > 0) break;
    }
    const key = pods[0]?.pod.key;
    if (key === undefined) return undefined;
    this.#compose(key, false);
    return this.of(key);
  }

  /** The objective in the output of a trial; `isEnded`: its output is read to the end first. */
  async trialValue({ isEnded, ...job }: JobName & { isEnded: boolean }): Promise<ObjectiveValues> {
    const [chief] = currentPods(this.#notice(listPodsOf(this.#deps.cluster, job)));
    if (chief === undefined) return { curve: [] };
    if (isEnded) await this.#readToEnd(chief);
    const state = this.#jobs.get(chief.pod.key)?.trainingOf(chief.pod);
    return state === undefined ? { curve: [] } : objectiveValues(state);
  }

  /** One round over all pods that are due. */
  async round(): Promise<void> {
    const pods = listTrainingPods(this.#deps.cluster).filter((pod) => !isHeardOut(this.#job(pod.key), pod.run));
    this.#notice(pods);
    this.#forgetOthers(new Set(pods.map(({ uid }) => uid)));
    const current = [...this.#jobs.values()].flatMap((memory) => currentPods(memory.pods.values()));
    await this.#measure(current);
    await this.#readAll(current);
    for (const key of this.#jobs.keys()) this.#compose(key, true);
  }

  /** Remembers pods, and begins anew with each run; pods of earlier runs are no longer of interest. */
  #notice(pods: readonly TrainingPod[]): PodMemory[] {
    return [...Map.groupBy(pods, ({ key }) => key)].flatMap(([key, ofJob]) => {
      const run = Math.max(...ofJob.map((pod) => pod.run));
      const known = this.#jobs.get(key);
      const isNew = known === undefined || known.run < run;
      const first = { run, job: this.#job(key), pods: ofJob, nowMs: this.#deps.clock.now() };
      const memory = isNew ? new JobMemory(first) : known;
      this.#jobs.set(key, memory);
      const noticed = ofJob.filter((pod) => pod.run === memory.run).map((pod) => memory.notice(pod));
      memory.chooseSpeakers();
      return noticed;
    });
  }

  async #measure(memories: readonly PodMemory[]): Promise<void> {
    const working = memories.filter(({ pod }) => pod.startedAtMs !== undefined && pod.endedAtMs === undefined);
    const samples = await this.#usage.read(new Set(working.map(({ pod }) => pod.namespace)));
    for (const memory of working) {
      const sample = samples.get(`${memory.pod.namespace}/${memory.pod.name}`);
      if (sample === undefined) continue;
      this.#jobs.get(memory.pod.key)?.spend(memory.measure(sample), sample.memoryBytes);
    }
  }

  async #readAll(memories: readonly PodMemory[]): Promise<void> {
    const now = this.#deps.clock.monotonic();
    const due = memories.filter((memory) => memory.dueAtMs <= now && isReadable(memory));
    const othersMs = OTHERS_MS * Math.ceil(memories.length / MANY_PODS);
    await forEachAtOnce(due, MOST_AT_ONCE, (memory) => this.#readDue(memory, othersMs));
  }

  /** A pod that cannot be read is asked less and less often, and holds up no other. */
  async #readDue(memory: PodMemory, othersMs: number): Promise<void> {
    if (this.#logs.isPaused) return;
    try {
      await this.#read(memory);
      memory.failures = 0;
      memory.dueAtMs = this.#deps.clock.monotonic() + (this.#speaks(memory) ? 0 : othersMs);
    } catch (error) {
      // A pod that is gone has nothing more to say.
      if (isNothingToRead(error)) memory.isReadToEnd = memory.pod.endedAtMs !== undefined;
      memory.failures += 1;
      memory.dueAtMs = this.#deps.clock.monotonic() + pauseAfter(memory.failures);
    }
  }

  async #readToEnd(memory: PodMemory): Promise<void> {
    try {
      while (isReadable(memory)) {
        await this.#read(memory);
        if (memory.pod.endedAtMs === undefined) return;
      }
    } catch (error) {
      if (!isNothingToRead(error)) throw error;
      memory.isReadToEnd = true;
    }
  }

  async #read(memory: PodMemory): Promise<void> {
    const { pod } = memory;
    const [job, known] = [this.#job(pod.key), this.#jobs.get(pod.key)];
    const resumeMs = pod.trial === undefined ? known?.resumeMs : undefined;
    const wish = {
      wanted: wantedMetrics(job),
      isBrief: !this.#speaks(memory),
      ...(resumeMs === undefined ? {} : { sinceMs: resumeMs - OVERLAP_MS }),
    };
    await this.#logs.read(memory, wish, (piece) => this.#take(memory, piece, job));
  }

  #take(memory: PodMemory, { readings, hasSkipped }: Piece, job: TrainingJob | undefined): void {
    const known = this.#jobs.get(memory.pod.key);
    if (known === undefined || !this.#speaks(memory)) return;
    known.hasSkippedLines ||= hasSkipped;
    known.hear(memory.pod, readings, job);
  }

  #speaks({ pod }: PodMemory): boolean {
    return this.#jobs.get(pod.key)?.speaks(pod) === true;
  }

  #compose(key: string, wakes: boolean): void {
    const { clock, wake } = this.#deps;
    const memory = this.#jobs.get(key);
    if (memory === undefined) return;
    const nowMs = clock.now();
    const voice = composeVoice({
      job: this.#job(key),
      memory,
      current: currentPods(memory.pods.values()),
      problem: this.#logs.problem,
      nowMs,
    });
    if (!isNews(memory.voice, voice, clock.monotonic() - memory.voiceAtMs)) return;
    memory.voice = stamped(voice, nowMs);
    memory.voiceAtMs = clock.monotonic();
    if (wakes) wake(key);
  }

  /** A job is forgotten when it has no pods and is done with, or gone: between two tries it has none either. */
  #forgetOthers(seen: ReadonlySet<string>): void {
    for (const [key, memory] of this.#jobs) {
      const gone = [...memory.pods.values()].filter(({ pod }) => !seen.has(pod.uid));
      for (const pod of gone) memory.takeLeave(pod, this.#deps.clock.now());
      const phase = this.#job(key)?.status?.phase ?? 'Failed';
      if (memory.pods.size === 0 && (phase === 'Succeeded' || phase === 'Failed')) this.#jobs.delete(key);
    }
  }

  #job = (key: string): TrainingJob | undefined => findTrainingJob(this.#deps.cluster, key);
}

const isReadable = ({ pod, isReadToEnd }: PodMemory): boolean => pod.startedAtMs !== undefined && !isReadToEnd;
