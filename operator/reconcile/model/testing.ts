import type { Model, ModelSpec, ModelStatus } from '../../../crds/schema/model.ts';
import type { TrainingJobSpec } from '../../../crds/schema/training-job.ts';
import type { TrainingJobStatus } from '../../../crds/schema/training/status.ts';
import { API_VERSION, GROUP } from '../../../crds/schema/shared.ts';
import type { KubeObject } from '../../kube/cluster.ts';
import { MemoryCluster } from '../../kube/memory-cluster.ts';
import { createPodOf, finishJob } from '../../kube/testing/children.ts';
import { Followers } from '../../followers.ts';
import { parseSettings, type Settings } from '../../settings.ts';
import type { Next } from '../../loop/controller.ts';
import { JOB, MODEL, TRAINING_JOB, type ModelDeps } from './deps.ts';
import { VerificationLine } from './line.ts';
import type { Job } from './observe.ts';
import { reconcileModel } from './reconcile.ts';
import { restoreLine } from './restore-line.ts';

const NAMESPACE = 'team';
const START = Date.parse('2026-01-01T00:00:00Z');

/** A termination message of a fetch that succeeded. */
export const FETCHED = { ok: true, digest: `sha256:${'a'.repeat(64)}`, sizeBytes: 5230, cached: false, seconds: 0.4 };
/** A termination message of a verification that succeeded. */
export const VERIFIED = {
  ok: true,
  format: 'onnx',
  opset: 17,
  parameterCount: 1234,
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 4] }],
  outputs: [{ name: 'label', datatype: 'INT64', shape: [-1] }],
  report: { golden: { total: 2, passed: 2, source: 'ConfigMap' }, latencyMs: { p50: 0.1, p99: 0.4 } },
};

/** A Model controller over a cluster in memory, with the kubelet's and the user's acts. */
export class ModelWorld {
  now = START;
  readonly cluster = new MemoryCluster({ now: () => this.now });
  readonly woken: string[] = [];
  settings: Settings;
  #line: VerificationLine;
  readonly #followers = new Followers();

  constructor(settings: Partial<{ runtimeImage: string; concurrency: number }> = {}) {
    this.settings = parseSettings({
      runtimeImage: settings.runtimeImage ?? 'runtime:1',
      verification: { concurrency: settings.concurrency ?? 4 },
    });
    this.#line = this.#newLine();
    this.cluster.onChange((change) => this.#followers.observe(change));
  }

  #newLine(): VerificationLine {
    return new VerificationLine(this.settings.verification.concurrency, (key) => this.woken.push(key));
  }

  /** A new operator process: what was only in memory is gone. */
  restart(): void {
    this.#line = this.#newLine();
    restoreLine(this.#line, this.cluster);
  }

  get deps(): ModelDeps {
    return {
      cluster: this.cluster,
      settings: this.settings,
      line: this.#line,
      now: () => new Date(this.now),
      servicesOf: (model) => this.#followers.services.of(model),
    };
  }

  createModel(spec: Partial<ModelSpec> = {}, name = 'iris'): Model {
    return this.cluster.server.create({
      ...MODEL,
      kind: 'Model',
      metadata: { name, namespace: NAMESPACE },
      spec: { task: 'tabular-classification', source: { uri: 'https://host/a.onnx' }, ...spec },
    });
  }

  createGolden(content = '{"examples":[]}'): KubeObject {
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'golden', namespace: NAMESPACE } };
    return this.cluster.server.create({ ...object, data: { 'golden.json': content } } as KubeObject);
  }

  createService(name: string, model = 'iris'): KubeObject {
    const object = { apiVersion: API_VERSION, kind: 'InferenceService', metadata: { name, namespace: NAMESPACE } };
    return this.cluster.server.create({ ...object, spec: { model: { name: model } } } as KubeObject);
  }

  createTrainingJob(publish?: TrainingJobSpec['publish'], name = 'train'): KubeObject {
    const object = { ...TRAINING_JOB, metadata: { name, namespace: NAMESPACE } };
    return this.cluster.server.create({ ...object, spec: { publish } } as KubeObject);
  }

  /** What the controller of TrainingJobs does. */
  reportTraining(status: TrainingJobStatus, name = 'train'): void {
    this.cluster.server.setStatus({ ...TRAINING_JOB, namespace: NAMESPACE, name }, status);
  }

  deleteTrainingJob(name = 'train'): void {
    this.cluster.server.delete({ ...TRAINING_JOB, namespace: NAMESPACE, name });
  }

  editSpec(change: (spec: ModelSpec) => void, name = 'iris'): void {
    this.cluster.server.edit<Model & KubeObject>({ ...MODEL, namespace: NAMESPACE, name }, (copy) => change(copy.spec));
  }

  async reconcile(name = 'iris'): Promise<Next> {
    return reconcileModel({ namespace: NAMESPACE, name }, this.deps);
  }

  status(name = 'iris'): ModelStatus {
    return this.cluster.server.get<Model & KubeObject>({ ...MODEL, namespace: NAMESPACE, name })?.status ?? {};
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

  jobs(name = 'iris'): readonly Job[] {
    const labels = { [`${GROUP}/model`]: name };
    return this.cluster.server.list<Job>({ ...JOB, namespace: NAMESPACE, labels });
  }

  runningJob(name = 'iris'): Job {
    const job = this.jobs(name).find(({ status }) => status?.conditions === undefined);
    if (job === undefined) throw new Error(`no Job of ${name} runs`);
    return job;
  }

  /** What the kubelet and the Job controller do when the containers have ended with these messages. */
  endPod(messages: { fetch: object; verify?: object }, name = 'iris'): void {
    const job = this.runningJob(name);
    createPodOf(this.cluster, job, { name: `${job.metadata.name}-pod`, status: this.podStatus(messages) });
    finishJob(this.cluster, { ...JOB, namespace: NAMESPACE, name: job.metadata.name }, messages.verify !== undefined);
  }

  podStatus({ fetch, verify }: { fetch: object; verify?: object }): object {
    const ended = (container: string, message: object) => ({
      name: container,
      state: {
        terminated: {
          exitCode: 'ok' in message && message.ok === true ? 0 : 2,
          message: JSON.stringify(message),
          finishedAt: new Date(this.now).toISOString().replace('.000Z', 'Z'),
        },
      },
    });
    return {
      phase: verify === undefined ? 'Failed' : 'Succeeded',
      initContainerStatuses: [ended('fetch', fetch)],
      containerStatuses: verify === undefined ? [] : [ended('verify', verify)],
    };
  }

  /** A Model that is verified, Ready and at rest. */
  async settle(spec: Partial<ModelSpec> = {}, name = 'iris'): Promise<void> {
    this.createModel(spec, name);
    await this.reconcile(name);
    this.now += 60_000;
    this.endPod({ fetch: FETCHED, verify: VERIFIED }, name);
    await this.reconcile(name);
  }
}
