import type { TrainingJob } from '../../../crds/schema/training-job.ts';
import type { StageName, TrainingJobStatus } from '../../../crds/schema/training/status.ts';
import { Label } from '../../build/labels.ts';
import { specOf, type Written } from '../../build/training-job/testing.ts';
import type { Capacity } from '../../decide/capacity.ts';
import { jobEnd, partOf, type Job, type Pod } from '../../decide/training-job/observed.ts';
import type { Voice } from '../../decide/training-job/voice.ts';
import type { KubeObject, ObjectRef } from '../../kube/cluster.ts';
import { MemoryCluster } from '../../kube/memory-cluster.ts';
import type { Next } from '../../loop/controller.ts';
import { parseSettings } from '../../settings.ts';
import { JOB, MODEL, POD, TRAINING_JOB, type Search, type TrainingDeps } from './deps.ts';
import { reconcileTrainingJob } from './reconcile.ts';
import { StatusPace } from './status-pace.ts';
import { createPod, podStatus, type End } from './testing-pods.ts';

const NAMESPACE = 'team';
const START = Date.parse('2026-01-01T00:00:00Z');

/** Two workers with an image of their own: the smallest distributed job. */
export const PLAIN: Written = { image: 'trainer:1', workers: { count: 2 } };

/** All stages. */
export const RECIPE: Written = {
  recipe: { name: 'tabular-classification' },
  data: [{ name: 'train', uri: 'https://host/iris.csv' }],
  prepare: { target: 'species' },
  evaluation: { thresholds: [{ metric: 'accuracy', min: 0.9 }] },
  publish: { optimize: { precision: 'int8' }, model: { name: 'iris' } },
};

/** What the stages of a recipe report when all goes well. */
export const REPORTS: Readonly<Record<StageName, object>> = {
  prepare: { ok: true, rows: { train: 105 }, columns: 4, notes: [] },
  train: { ok: true, metrics: { accuracy: 0.97 }, steps: 10 },
  evaluate: { ok: true, metrics: { accuracy: 0.96 }, rows: 22, failed: [] },
  convert: { ok: true, format: 'onnx', opset: 17, sizeBytes: 1200, from: 'sklearn', largestDifference: 1e-7 },
  compress: { ok: true, candidates: [], chosen: 'none' },
  publish: {
    ok: true,
    digest: `sha256:${'d'.repeat(64)}`,
    uri: `oci://registry/team/iris@sha256:${'d'.repeat(64)}`,
    sizeBytes: 1200,
  },
};

/** What the container that fetches a data set reports. */
export const FETCHED = { ok: true, digest: `sha256:${'a'.repeat(64)}`, sizeBytes: 5230 };

/** A TrainingJob controller over a cluster in memory, with the acts of the kubelet, the Job controller and the user. */
export class TrainingWorld {
  now = START;
  readonly cluster = new MemoryCluster({ now: () => this.now });
  voice: Voice | undefined;
  /** What is read when a Job has ended, if that is more. */
  lastWords: Voice | undefined;
  capacity: Capacity | undefined;
  search: Search = () => Promise.reject(new Error('this test searches nothing'));
  readonly settings = parseSettings({
    runtimeImage: 'runtime:1',
    training: { toolkitImage: 'toolkit:1', registry: 'registry:5000' },
  });
  #pace = new StatusPace();

  get deps(): TrainingDeps {
    return {
      cluster: this.cluster,
      settings: this.settings,
      voices: { of: () => this.voice, finalOf: () => Promise.resolve(this.lastWords ?? this.voice) },
      pace: this.#pace,
      search: this.search,
      capacity: { read: () => Promise.resolve(this.capacity) },
      now: () => new Date(this.now),
    };
  }

  /** A new operator process: what was only in memory is gone. */
  restart(): void {
    this.#pace = new StatusPace();
  }

  create(spec: Written, name = 'iris'): TrainingJob {
    return this.cluster.server.create({
      ...TRAINING_JOB,
      kind: 'TrainingJob' as const,
      metadata: { name, namespace: NAMESPACE },
      spec: specOf(spec),
    });
  }

  ref(name = 'iris'): ObjectRef {
    return { ...TRAINING_JOB, namespace: NAMESPACE, name };
  }

  edit(change: (job: TrainingJob) => void, name = 'iris'): void {
    this.cluster.server.edit<TrainingJob & KubeObject>(this.ref(name), change);
  }

  annotate(annotation: string, value: string, name = 'iris'): void {
    this.edit(({ metadata }) => {
      metadata.annotations = { ...metadata.annotations, [annotation]: value };
    }, name);
  }

  reconcile(name = 'iris'): Promise<Next> {
    return reconcileTrainingJob({ namespace: NAMESPACE, name }, this.deps);
  }

  status(name = 'iris'): TrainingJobStatus {
    return this.cluster.server.get<TrainingJob & KubeObject>(this.ref(name))?.status ?? {};
  }

  stage(stage: StageName, name = 'iris') {
    return this.status(name).stages?.find((other) => other.name === stage);
  }

  /** Conditions as `Type=Status Reason`, joined by commas. */
  conditions(name = 'iris'): string {
    return (this.status(name).conditions ?? [])
      .map(({ type, status, reason }) => `${type}=${status} ${reason}`)
      .join(', ');
  }

  message(name = 'iris'): string {
    return this.status(name).conditions?.find(({ type }) => type === 'Ready')?.message ?? '';
  }

  /** The names of all Jobs of a TrainingJob. */
  jobNames(name = 'iris'): string[] {
    return this.jobs(name).map(({ metadata }) => metadata.name);
  }

  jobs(name = 'iris'): readonly (Job & KubeObject)[] {
    return this.cluster.server.list<Job & KubeObject>({
      ...JOB,
      namespace: NAMESPACE,
      labels: { [Label.trainingJob]: name },
    });
  }

  pods(name = 'iris'): readonly (Pod & KubeObject)[] {
    return this.cluster.server.list<Pod & KubeObject>({
      ...POD,
      namespace: NAMESPACE,
      labels: { [Label.trainingJob]: name },
    });
  }

  podRef({ metadata }: KubeObject): ObjectRef {
    return { ...POD, namespace: NAMESPACE, name: metadata.name };
  }

  jobRef({ metadata }: Job): ObjectRef {
    return { ...JOB, namespace: NAMESPACE, name: metadata.name };
  }

  model(name: string): KubeObject | undefined {
    return this.cluster.server.get({ ...MODEL, namespace: NAMESPACE, name });
  }

  /** The Job that has not ended. */
  job(name = 'iris'): Job & KubeObject {
    const found = this.jobs(name).find((job) => jobEnd(job) === undefined);
    if (found === undefined) throw new Error(`no Job of ${name} goes on; there are ${this.jobNames(name).join(', ')}`);
    return found;
  }

  /** The pods of the Job that goes on come to run. */
  run(name = 'iris', count?: number): void {
    const job = this.job(name);
    for (let index = 0; index < (count ?? job.spec?.completions ?? 1); index += 1) this.setPod(job, index, {});
  }

  /** One pod of the Job that goes on is as given. */
  setPod(job: Job & KubeObject, index: number, end: End): void {
    const name = `${job.metadata.name}-${index}`;
    const ref = { ...POD, namespace: NAMESPACE, name };
    if (this.cluster.server.get(ref) === undefined) createPod(this.cluster, job, index);
    this.cluster.server.setStatus(ref, podStatus(partOf(job).stage, end, this.now));
  }

  /** The pods of the Job that goes on end, each with this end, and the Job says so. */
  end(end: End = {}, name = 'iris'): void {
    const job = this.job(name);
    const ended = { exitCode: 0, ...end };
    for (let index = 0; index < (job.spec?.completions ?? 1); index += 1) this.setPod(job, index, ended);
    this.endJob(job, ended.exitCode === 0);
  }

  /** The stage that goes on reports that all is well. */
  succeed(name = 'iris', report?: object): void {
    const stage = partOf(this.job(name)).stage as StageName;
    this.end(
      { message: report ?? REPORTS[stage], fetched: stage === 'prepare' ? { 'fetch-train': FETCHED } : {} },
      name,
    );
  }

  /** The stage that goes on reports why it failed. */
  refuse(reason: string, retryable = false, more: object = {}): void {
    this.end({
      exitCode: retryable ? 1 : 2,
      message: { ok: false, reason, message: `${reason} happened`, retryable, ...more },
    });
  }

  endJob(job: Job & KubeObject, isGood: boolean): void {
    const condition = isGood
      ? { type: 'Complete', status: 'True', reason: 'CompletionsReached' }
      : { type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded' };
    this.cluster.server.setStatus(
      { ...JOB, namespace: NAMESPACE, name: job.metadata.name },
      { conditions: [condition] },
    );
  }

  /** A Model that is verified. */
  createModel(name: string, isReady = true): void {
    this.cluster.server.create({
      ...MODEL,
      metadata: { name, namespace: NAMESPACE },
      spec: { task: 'custom', source: { uri: 'oci://r/m' } },
    } as KubeObject);
    if (isReady) this.verifyModel(name);
  }

  verifyModel(name: string): void {
    const conditions = [
      { type: 'Ready', status: 'True', reason: 'Verified', message: 'Verified.', lastTransitionTime: '' },
    ];
    const current = { revision: 'r1', digest: `sha256:${'b'.repeat(64)}`, uri: 'oci://r/m@sha256:b', specHash: 'x' };
    this.cluster.server.setStatus(
      { ...MODEL, namespace: NAMESPACE, name },
      { observedGeneration: 1, conditions, current },
    );
  }

  /** Lets all stages of a run go well. */
  async settle(name = 'iris'): Promise<void> {
    for (let passes = 0; passes < 12; passes += 1) {
      await this.reconcile(name);
      if (this.status(name).run?.finishedAt !== undefined) return;
      this.now += 60_000;
      this.succeed(name);
    }
  }
}
