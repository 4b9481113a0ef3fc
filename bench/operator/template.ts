import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { ApiClient, Resource } from './api.ts';
import { Tracker } from './tracker.ts';

const API_VERSION = 'aimass.dev/v1alpha1';
/** The template's name and namespace: long and odd enough to be replaced wherever they occur. */
export const TEMPLATE = 'bench-template-object';
export const TEMPLATE_NAMESPACE = 'bench-template-namespace';
const TIMEOUT_MS = 60_000;
const DIGEST = `sha256:${'ab'.repeat(32)}`;

/** What one verified Model and one ready InferenceService look like, learned from the operator itself. */
export interface Template {
  verifiedStatus: Record<string, unknown>;
  /** The objects that the operator makes for one InferenceService. */
  children: Resource[];
}

const condition = z.object({ type: z.string(), status: z.string(), observedGeneration: z.number().optional() });
const conditions = z.object({ conditions: z.array(condition).default([]) }).default({ conditions: [] });

/** True when the object's Ready condition is True for its present generation. */
export function isReady({ metadata, status }: Resource): boolean {
  const ready = conditions.parse(status).conditions.find(({ type }) => type === 'Ready');
  return ready?.status === 'True' && ready.observedGeneration === metadata.generation;
}

/** A Model with the same spec whatever its name is, so that one verified status fits all of them. */
export const modelOf = (name: string, namespace: string): Resource => ({
  apiVersion: API_VERSION,
  kind: 'Model',
  metadata: { name, namespace },
  spec: { task: 'custom', source: { uri: `oci://registry.example/library/bench@${DIGEST}` } },
});

/** An InferenceService with every child that a plain one can have; its Model is called as it is, unless said otherwise. */
export const serviceOf = (name: string, namespace: string, model = name): Resource => ({
  apiVersion: API_VERSION,
  kind: 'InferenceService',
  metadata: { name, namespace },
  spec: { model: { name: model }, scaling: { min: 1, max: 3 } },
});

/** Lets the operator verify one Model, answering its Job by hand. Simulated nodes must not exist yet. */
export async function learnVerifiedStatus(api: ApiClient): Promise<Record<string, unknown>> {
  await api.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: TEMPLATE_NAMESPACE } });
  await api.create(modelOf(TEMPLATE, TEMPLATE_NAMESPACE));
  const pods = new Tracker(api, `/api/v1/namespaces/${TEMPLATE_NAMESPACE}/pods`);
  const models = new Tracker(api, await api.collection(API_VERSION, 'Model', TEMPLATE_NAMESPACE), isReady);
  try {
    await pods.until(({ present }) => present.size > 0, TIMEOUT_MS);
    for (const pod of pods.present.values()) await completePod(api, pod);
    await models.until(({ passedAt }) => passedAt.size > 0, TIMEOUT_MS);
    return models.present.get(TEMPLATE)?.status ?? {};
  } finally {
    pods.stop();
    models.stop();
  }
}

const podSpec = z.object({
  initContainers: z.array(z.object({ name: z.string() })).default([]),
  containers: z.array(z.object({ name: z.string() })),
});

/** Says of a verification pod that it fetched and verified, in the words of docs/reference/pod-contract.md. */
async function completePod(api: ApiClient, pod: Resource): Promise<void> {
  const { initContainers, containers } = podSpec.parse(pod.spec);
  const fetched = { ok: true, digest: DIGEST, sizeBytes: 1000, cached: false, seconds: 0.1 };
  const tensors = [{ name: 'x', datatype: 'FP32', shape: [-1, 4] }];
  const report = {
    golden: { total: 1, passed: 1, source: 'Artifact' },
    latencyMs: { p50: 0.1, p99: 0.2 },
    memoryBytes: 1,
  };
  const verified = {
    ok: true,
    format: 'onnx',
    opset: 17,
    producer: 'bench',
    parameterCount: 1,
    inputs: tensors,
    outputs: tensors,
    report,
  };
  const now = new Date().toISOString().replace(/\.\d+/, '');
  const ended = (message: object) => (container: { name: string }) => ({
    name: container.name,
    image: 'bench',
    imageID: 'bench',
    ready: false,
    restartCount: 0,
    state: {
      terminated: {
        exitCode: 0,
        reason: 'Completed',
        startedAt: now,
        finishedAt: now,
        message: JSON.stringify(message),
      },
    },
  });
  await api.send('PATCH', `/api/v1/namespaces/${pod.metadata.namespace}/pods/${pod.metadata.name}/status`, {
    status: {
      phase: 'Succeeded',
      startTime: now,
      conditions: [{ type: 'Ready', status: 'False', reason: 'PodCompleted' }],
      initContainerStatuses: initContainers.map(ended(fetched)),
      containerStatuses: containers.map(ended(verified)),
    },
  });
}

const KINDS: readonly (readonly [string, string])[] = [
  ['apps/v1', 'Deployment'],
  ['apps/v1', 'ControllerRevision'],
  ['v1', 'Service'],
  ['v1', 'ConfigMap'],
  ['v1', 'PersistentVolumeClaim'],
  ['autoscaling/v2', 'HorizontalPodAutoscaler'],
  ['policy/v1', 'PodDisruptionBudget'],
  ['networking.k8s.io/v1', 'NetworkPolicy'],
  ['resource.k8s.io/v1', 'ResourceClaimTemplate'],
];

/** Lets the operator serve the template's Model and collects what it made. Simulated nodes must exist. */
export async function learnChildren(api: ApiClient): Promise<Resource[]> {
  const service = await api.create(serviceOf(TEMPLATE, TEMPLATE_NAMESPACE));
  const services = new Tracker(api, await api.collection(API_VERSION, 'InferenceService', TEMPLATE_NAMESPACE), isReady);
  try {
    await services.until(({ passedAt }) => passedAt.size > 0, TIMEOUT_MS);
  } finally {
    services.stop();
  }
  // What is made after Ready belongs to it too.
  await sleep(1000);
  const children: Resource[] = [];
  for (const [apiVersion, kind] of KINDS) {
    const { items } = await api.list(await api.collection(apiVersion, kind, TEMPLATE_NAMESPACE));
    const owned = items.filter(({ metadata }) =>
      metadata.ownerReferences?.some(({ uid }) => uid === service.metadata.uid),
    );
    children.push(...owned.map((object) => asManifest({ ...object, apiVersion, kind })));
  }
  return children;
}

/** Removes the template's objects, and waits until they are gone. */
export async function removeTemplate(api: ApiClient): Promise<void> {
  for (const object of [serviceOf(TEMPLATE, TEMPLATE_NAMESPACE), modelOf(TEMPLATE, TEMPLATE_NAMESPACE)]) {
    const tracker = new Tracker(api, await api.collection(API_VERSION, object.kind, TEMPLATE_NAMESPACE));
    try {
      await tracker.until(({ present }) => present.size > 0, TIMEOUT_MS);
      await api.remove(object);
      await tracker.until(({ present }) => present.size === 0, TIMEOUT_MS);
    } finally {
      tracker.stop();
    }
  }
}

/** A live object as somebody would have written it: without what the API server and controllers added. */
export function asManifest(live: Resource): Resource {
  const { apiVersion, kind, metadata, spec, status: _status, ...rest } = live;
  const { labels, annotations, name, namespace } = metadata as Resource['metadata'] & Record<string, unknown>;
  const { clusterIP, clusterIPs: _ips, ...others } = spec ?? {};
  // A headless Service says so with its address; all other addresses are given by the API server.
  const written = { ...others, ...(clusterIP === 'None' && { clusterIP }) };
  return {
    ...rest,
    apiVersion,
    kind,
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      ...(labels !== undefined && { labels }),
      ...(annotations !== undefined && { annotations }),
    },
    ...(spec !== undefined && { spec: written }),
  };
}

/** The template's objects under another name, in another namespace. */
export function instantiate(children: readonly Resource[], name: string, namespace: string): Resource[] {
  const text = JSON.stringify(children).replaceAll(TEMPLATE, name).replaceAll(TEMPLATE_NAMESPACE, namespace);
  return JSON.parse(text) as Resource[];
}
