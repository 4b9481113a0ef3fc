import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { startControlPlane, type ControlPlane } from '../../../hack/local-cluster/control-plane.ts';
import type { InferenceService, InferenceServiceSpec } from '../../../crds/schema/inference-service.ts';
import type { Model } from '../../../crds/schema/model.ts';
import { WATCHED_KINDS } from '../../kinds.ts';
import { isConflict } from '../../kube/api-errors.ts';
import type { KubeObject, ObjectRef } from '../../kube/cluster.ts';
import type { LiveCluster } from '../../kube/live-cluster.ts';
import { connectTo, eventually, liveCluster } from '../../kube/testing/api-server.ts';
import { pluralOf, resourcePath } from '../../kube/watched-kind.ts';
import { systemClock } from '../../loop/clock.ts';
import { startController, type Controller } from '../../loop/controller.ts';
import { routesOf } from '../../routes.ts';
import { Followers } from '../../followers.ts';
import { parseSettings } from '../../settings.ts';
import { silentLogger } from '../../telemetry/log.ts';
import { CapacityReader } from './capacity-reader.ts';
import { INFERENCE_SERVICE, MODEL } from './deps.ts';
import { reconcileInferenceService } from './reconcile.ts';

const ROOT = join(import.meta.dirname, '../../..');
const AGENT = 'aimass-operator/0.0.0-test';
const RESTRICTED = { enforce: 'restricted', warn: 'restricted', audit: 'restricted' };

/** The InferenceService controller against a real API server with Kubernetes' own controllers, and no nodes. */
export class LiveWorld {
  readonly plane: ControlPlane;
  /** The operator's. */
  readonly cluster: LiveCluster;
  /** Of users and controllers: told apart in the audit log. */
  readonly others: LiveCluster;
  readonly #controller: Controller;

  private constructor(plane: ControlPlane) {
    this.plane = plane;
    const { cluster, metrics } = liveCluster({ connection: connectTo(plane), kinds: WATCHED_KINDS });
    this.cluster = cluster;
    this.others = clientOf(plane);
    const settings = parseSettings({ runtimeImage: 'registry.example/runtime:1' });
    const now = (): Date => new Date();
    const voices = { figures: () => undefined, readiness: () => new Map<string, string>() };
    const deps = { cluster, settings, now, voices, capacity: new CapacityReader(cluster, now) };
    this.#controller = startController({
      name: 'service',
      concurrency: 4,
      log: silentLogger,
      metrics,
      clock: systemClock,
      reconcile: (key) => {
        const [namespace = '', name = ''] = key.split('/');
        return reconcileInferenceService({ namespace, name }, deps);
      },
    });
    this.#watch();
  }

  static async start(namespaces: readonly string[]): Promise<LiveWorld> {
    const plane = await startControlPlane({ controllers: true, audit: true });
    try {
      const cluster = clientOf(plane);
      for (const file of readdirSync(join(ROOT, 'crds')).filter((name) => name.endsWith('.yaml'))) {
        await create(cluster, parse(readFileSync(join(ROOT, 'crds', file), 'utf8')) as KubeObject);
      }
      const labels = Object.fromEntries(
        Object.entries(RESTRICTED).map(([mode, level]) => [`pod-security.kubernetes.io/${mode}`, level]),
      );
      for (const name of namespaces) {
        await create(cluster, { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
        // Pods are refused until the controller has made the service account.
        const account = { apiVersion: 'v1', kind: 'ServiceAccount', namespace: name, name: 'default' };
        await eventually(() => cluster.read(account));
      }
      const isServed = (kind: typeof MODEL): Promise<boolean> =>
        cluster.readAll(kind).then(
          () => true,
          () => false,
        );
      await eventually(async () => ((await isServed(MODEL)) && (await isServed(INFERENCE_SERVICE)) ? true : undefined));
      const world = new LiveWorld(plane);
      world.cluster.start();
      await world.cluster.settled();
      return world;
    } catch (error) {
      await plane.stop();
      throw error;
    }
  }

  #watch(): void {
    const followers = new Followers();
    this.cluster.onChange((change) => {
      followers.observe(change);
      for (const { controller, key } of routesOf(change, followers)) {
        if (controller === 'service') this.#controller.enqueue(key);
      }
    });
  }

  async stop(): Promise<void> {
    await this.#controller.stop();
    await this.cluster.stop();
    await this.plane.stop();
  }

  create<T extends KubeObject>(object: T): Promise<T> {
    return create(this.others, object);
  }

  /** Changes an object as a user would, and tries again when somebody else was quicker. */
  edit<T extends KubeObject>(object: T, change: (copy: T) => void, subresource = ''): Promise<T> {
    return eventually(async () => {
      const copy = await this.others.read<T>({ ...object, ...object.metadata });
      if (copy === undefined) throw new Error(`${object.kind} ${object.metadata.name} is gone`);
      change(copy);
      const { path, resource } = place(copy);
      const url = `${path}/${copy.metadata.name}${subresource}`;
      return this.others.api
        .request<T>({ verb: 'update', method: 'PUT', resource, path: url, body: copy })
        .catch((error: unknown) => {
          if (isConflict(error)) return undefined;
          throw error;
        });
    });
  }

  /** Deletes an object as a user would, whatever its version is by then. */
  async delete(ref: ObjectRef): Promise<void> {
    await eventually(async () => {
      const live = await this.others.read(ref);
      if (live === undefined) return true;
      return this.others.remove(live).then(
        () => true,
        (error: unknown) => {
          if (isConflict(error)) return undefined;
          throw error;
        },
      );
    });
  }

  /** A Model as the Model controller leaves it. */
  async createVerifiedModel(namespace: string, content = 'a'): Promise<void> {
    const model = await this.create<Model & KubeObject>({
      ...MODEL,
      kind: 'Model',
      metadata: { name: 'iris', namespace },
      spec: { task: 'tabular-classification', source: { uri: 'https://models.example/iris.onnx' } },
    });
    await this.verifyModel(model, content);
  }

  async verifyModel(model: Model & KubeObject, content: string): Promise<void> {
    const current = { revision: `rev-${content}`, digest: `sha256:${content.repeat(64)}`, uri: model.spec.source.uri };
    await this.edit(model, (copy) => (copy.status = { observedGeneration: 1, current }), '/status');
  }

  createService(
    namespace: string,
    spec: Partial<InferenceServiceSpec> = {},
    name = 'digits',
  ): Promise<InferenceService & KubeObject> {
    return this.create<InferenceService & KubeObject>({
      ...INFERENCE_SERVICE,
      kind: 'InferenceService',
      metadata: { name, namespace },
      spec: { model: { name: 'iris' }, suspend: false, ...spec },
    });
  }

  /** Waits until the service has these conditions, given as `Type=Status Reason`, joined by commas. */
  async conditions(namespace: string, want: string, name = 'digits'): Promise<InferenceService> {
    let last: InferenceService | undefined;
    const probe = (): InferenceService | undefined => {
      last = this.cluster.get<InferenceService & KubeObject>({ ...INFERENCE_SERVICE, namespace, name });
      const have = last?.status?.conditions?.map(({ type, status, reason }) => `${type}=${status} ${reason}`);
      return have?.join(', ') === want ? last : undefined;
    };
    return eventually(probe).catch((cause: unknown) => {
      throw new Error(`want ${want}, have ${JSON.stringify(last?.status?.conditions)}`, { cause });
    });
  }

  /** Requests of the operator that the API server has seen, as `verb resource`, without watches. */
  requests(namespace: string): string[] {
    const text = readFileSync(this.plane.auditLogPath ?? '', 'utf8');
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as AuditLine)
      .filter(({ userAgent, verb, objectRef }) => {
        return userAgent === AGENT && objectRef?.namespace === namespace && verb !== 'watch';
      })
      .map(
        ({ verb, objectRef }) => `${verb} ${[objectRef?.resource, objectRef?.subresource].filter(Boolean).join('/')}`,
      );
  }
}

const clientOf = (plane: ControlPlane): LiveCluster =>
  liveCluster({ connection: connectTo(plane), kinds: [], version: '0.0.0-others' }).cluster;

interface AuditLine {
  userAgent?: string;
  verb: string;
  objectRef?: { namespace?: string; resource?: string; subresource?: string };
}

const place = ({ apiVersion, kind, metadata }: KubeObject): { path: string; resource: string } => {
  const resource = pluralOf(kind);
  return { resource, path: resourcePath({ apiVersion, plural: resource }, { namespace: metadata.namespace }) };
};

function create<T extends KubeObject>(cluster: LiveCluster, object: T): Promise<T> {
  const { path, resource } = place(object);
  return cluster.api.request<T>({ verb: 'create', method: 'POST', resource, path, body: object });
}
