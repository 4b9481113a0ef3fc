import type { InferenceService, InferenceServiceStatus } from '../../../crds/schema/inference-service.ts';
import type { Model } from '../../../crds/schema/model.ts';
import type { Deployment, Pod, Revision } from '../../build/inference-service/children.ts';
import { Label } from '../../build/labels.ts';
import type { Figures } from '../../decide/inference-service/figures.ts';
import type { KubeObject, ObjectRef } from '../../kube/cluster.ts';
import { MemoryCluster } from '../../kube/memory-cluster.ts';
import { createPodOf } from '../../kube/testing/children.ts';
import { parseSettings, type Settings } from '../../settings.ts';
import type { Next } from '../../loop/controller.ts';
import { CapacityReader } from './capacity-reader.ts';
import { DEPLOYMENT, INFERENCE_SERVICE, MODEL, POD, REVISION, type ServiceDeps } from './deps.ts';
import { reconcileInferenceService } from './reconcile.ts';

const NAMESPACE = 'team';
const START = Date.parse('2026-01-01T00:00:00Z');
type Spec = InferenceService['spec'];

/** What a test may choose about a Model. */
export interface ModelChoice {
  name?: string;
  /** One character that stands for the content. */
  content?: string;
  uri?: string;
  goldenConfigMap?: string;
}

/** An InferenceService controller over a cluster in memory, with the acts of users, controllers and kubelets. */
export class ServiceWorld {
  now = START;
  figures: Figures | undefined;
  settings: Settings;
  readonly readiness = new Map<string, string>();
  readonly cluster: MemoryCluster;
  #capacity: CapacityReader;

  constructor(settings: object = {}) {
    this.settings = parseSettings({ runtimeImage: 'runtime:1', ...settings });
    // The API server's default, which makes a field that nobody owns visible.
    const mutate = (object: KubeObject): KubeObject =>
      object.kind === 'Deployment' ? withDefaultReplicas(object) : object;
    this.cluster = new MemoryCluster({ now: () => this.now, mutate });
    this.#capacity = new CapacityReader(this.cluster, () => new Date(this.now));
  }

  /** A new operator process: what was only in memory is gone. */
  restart(settings: object = {}): void {
    this.settings = { ...this.settings, ...settings };
    this.#capacity = new CapacityReader(this.cluster, () => new Date(this.now));
  }

  get deps(): ServiceDeps {
    return {
      cluster: this.cluster,
      settings: this.settings,
      capacity: this.#capacity,
      voices: { figures: () => this.figures, readiness: () => this.readiness },
      now: () => new Date(this.now),
    };
  }

  ref(name = 'digits'): ObjectRef & { namespace: string } {
    return { ...INFERENCE_SERVICE, namespace: NAMESPACE, name };
  }

  createService(spec: Partial<Spec> = {}, name = 'digits'): InferenceService {
    return this.cluster.server.create({
      ...INFERENCE_SERVICE,
      kind: 'InferenceService',
      metadata: { name, namespace: NAMESPACE },
      spec: { model: { name: 'iris' }, suspend: false, ...spec },
    });
  }

  editService(change: (service: InferenceService) => void, name = 'digits'): void {
    this.cluster.server.edit<InferenceService & KubeObject>(this.ref(name), change);
  }

  /** A Model that is not verified. */
  createModel({ name = 'iris', uri = 'https://host/a.onnx' }: ModelChoice = {}): void {
    this.cluster.server.create({
      ...MODEL,
      metadata: { name, namespace: NAMESPACE },
      spec: { task: 'tabular-classification', source: { uri } },
    } as KubeObject);
  }

  setModelStatus(status: object, name = 'iris'): void {
    this.cluster.server.setStatus({ ...MODEL, namespace: NAMESPACE, name }, status);
  }

  /** What the Model controller reports of a verified revision. */
  verifyModel({ name = 'iris', content = 'a', uri = 'https://host/a.onnx', goldenConfigMap }: ModelChoice = {}): void {
    const current = {
      revision: `rev-${content}`,
      digest: `sha256:${content.repeat(64)}`,
      uri,
      ...(goldenConfigMap === undefined ? {} : { goldenConfigMap }),
    };
    this.setModelStatus({ observedGeneration: 1, current }, name);
  }

  deleteModel(name = 'iris'): void {
    this.cluster.server.delete({ ...MODEL, namespace: NAMESPACE, name });
  }

  model(name = 'iris'): (Model & KubeObject) | undefined {
    return this.cluster.server.get({ ...MODEL, namespace: NAMESPACE, name });
  }

  async reconcile(name = 'digits'): Promise<Next> {
    return reconcileInferenceService({ namespace: NAMESPACE, name }, this.deps);
  }

  /** A service of a verified model whose pods are ready, at rest. */
  async settle(spec: Partial<Spec> = {}): Promise<void> {
    this.createModel();
    this.verifyModel();
    this.createService(spec);
    await this.reconcile();
    this.runPods();
    await this.reconcile();
    this.cluster.writes.length = 0;
  }

  status(name = 'digits'): InferenceServiceStatus {
    return this.cluster.server.get<InferenceService & KubeObject>(this.ref(name))?.status ?? {};
  }

  /** Conditions as `Type=Status Reason`, joined by commas. */
  conditions(name = 'digits'): string {
    return (this.status(name).conditions ?? [])
      .map(({ type, status, reason }) => `${type}=${status} ${reason}`)
      .join(', ');
  }

  message(type = 'Ready', name = 'digits'): string {
    return this.status(name).conditions?.find((condition) => condition.type === type)?.message ?? '';
  }

  deployment(name = 'digits'): Deployment {
    const found = this.cluster.server.get<Deployment>({ ...DEPLOYMENT, namespace: NAMESPACE, name });
    if (found === undefined) throw new Error(`there is no Deployment ${name}`);
    return found;
  }

  revisionName(name = 'digits'): string {
    return this.deployment(name).spec.template.metadata?.labels?.[Label.revision] ?? '';
  }

  revisions(): readonly Revision[] {
    return this.cluster.server.list<Revision>({ ...REVISION, namespace: NAMESPACE });
  }

  pods(name = 'digits'): readonly Pod[] {
    return this.cluster.server.list<Pod>({ ...POD, namespace: NAMESPACE, labels: { [Label.service]: name } });
  }

  /** The Deployment controller and the kubelet: pods of the newest template, in the given state, and no others. */
  runPods(status: object = READY, name = 'digits'): void {
    this.startPods(status, name);
    for (const pod of this.pods(name)) {
      if (pod.metadata.labels?.[Label.revision] !== this.revisionName(name)) this.deletePod(pod.metadata.name);
    }
  }

  /** Pods of the newest template beside the old ones: a rollout under way. */
  startPods(status: object = READY, name = 'digits'): void {
    const deployment = this.deployment(name);
    const wanted = Array.from(
      { length: deployment.spec.replicas ?? 1 },
      (_, index) => `${this.revisionName(name)}-${index}`,
    );
    for (const pod of this.pods(name)) {
      const isOfRevision = pod.metadata.labels?.[Label.revision] === this.revisionName(name);
      if (isOfRevision && !wanted.includes(pod.metadata.name)) this.deletePod(pod.metadata.name);
    }
    for (const pod of wanted) this.#putPod(pod, deployment, status);
  }

  #putPod(name: string, deployment: Deployment, status: object): void {
    const ref = { ...POD, namespace: NAMESPACE, name };
    if (this.cluster.server.get(ref) === undefined) createPodOf(this.cluster, deployment, { name, status });
    else this.cluster.server.setStatus(ref, status);
  }

  deletePod(name: string): void {
    this.cluster.server.delete({ ...POD, namespace: NAMESPACE, name });
  }

  /** Kinds and names of everything that exists beside pods, without what only tells the order of writes. */
  objects(kinds: readonly [apiVersion: string, kind: string][]): string[] {
    return kinds
      .flatMap(([apiVersion, kind]) => this.cluster.server.list({ apiVersion, kind }))
      .map(({ kind, metadata }) => `${kind} ${metadata.name}`)
      .toSorted();
  }
}

function withDefaultReplicas(object: KubeObject & { spec?: object }): KubeObject {
  const spec: object = { replicas: 1, ...object.spec };
  return Object.assign({ ...object }, { spec });
}

/** Status of a pod that answers its golden request. */
export const READY = {
  phase: 'Running',
  podIP: '10.0.0.7',
  conditions: [
    { type: 'PodScheduled', status: 'True' },
    { type: 'Ready', status: 'True' },
  ],
  containerStatuses: [
    { name: 'serve', ready: true, started: true, state: { running: { startedAt: '2025-12-31T23:00:00Z' } } },
  ],
};

/** Status of a pod that is on its way. */
export const PENDING = { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'True' }] };

/** Status of a pod that no node takes. */
export const unschedulable = (message: string, lastTransitionTime = '2026-01-01T00:00:00Z') => ({
  phase: 'Pending',
  conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message, lastTransitionTime }],
});

/** Every kind that the controller makes. */
export const KINDS: readonly [string, string][] = [
  ['apps/v1', 'ControllerRevision'],
  ['apps/v1', 'Deployment'],
  ['v1', 'Service'],
  ['v1', 'ConfigMap'],
  ['v1', 'PersistentVolumeClaim'],
  ['networking.k8s.io/v1', 'NetworkPolicy'],
  ['autoscaling/v2', 'HorizontalPodAutoscaler'],
  ['policy/v1', 'PodDisruptionBudget'],
  ['resource.k8s.io/v1', 'ResourceClaimTemplate'],
];
