import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { ControlPlane } from '../../hack/local-cluster/control-plane.ts';
import { startControlPlane } from '../../hack/local-cluster/control-plane.ts';
import type { KindRef, KubeObject } from '../kube/cluster.ts';
import type { LiveCluster } from '../kube/live-cluster.ts';
import { connectTo, eventually, liveCluster } from '../kube/testing/api-server.ts';
import { pluralOf, resourcePath } from '../kube/watched-kind.ts';

const ROOT = join(import.meta.dirname, '../..');

/** A request of the audit log. */
export interface AuditEntry {
  user: string;
  agent: string;
  verb: string;
  resource: string;
  name: string;
}

/** The operator from source as a process of its own, against a real API server that has our CRDs. */
export class OperatorUnderTest {
  readonly plane: ControlPlane;
  readonly #client: LiveCluster;
  readonly #settingsPath: string;
  #process: ChildProcess | undefined;
  log = '';

  private constructor(plane: ControlPlane, settings: object) {
    this.plane = plane;
    this.#client = liveCluster({ connection: connectTo(plane), kinds: [] }).cluster;
    this.#settingsPath = join(plane.folder, 'settings.yaml');
    writeFileSync(this.#settingsPath, JSON.stringify({ healthPort: 0, metricsPort: 0, ...settings }));
  }

  /** `controllers`: also the Job controller, the scheduler and the garbage collector. */
  static async prepare(settings: object, options: { controllers?: boolean } = {}): Promise<OperatorUnderTest> {
    const world = new OperatorUnderTest(await startControlPlane({ audit: true, ...options }), settings);
    for (const file of readdirSync(join(ROOT, 'crds')).filter((name) => name.endsWith('.yaml'))) {
      await world.create(parse(readFileSync(join(ROOT, 'crds', file), 'utf8')) as KubeObject);
    }
    for (const name of ['aimass-system', 'team']) {
      await world.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    }
    const models = { apiVersion: 'aimass.dev/v1alpha1', kind: 'Model' };
    const services = { ...models, kind: 'InferenceService' };
    await eventually(async () => {
      const lists = [world.#client.readAll(models), world.#client.readAll(services)];
      return (await Promise.allSettled(lists)).every(({ status }) => status === 'fulfilled') ? true : undefined;
    });
    return world;
  }

  /** Starts the operator and waits until it leads. */
  async startOperator(): Promise<ChildProcess> {
    const child = spawn(process.execPath, [join(ROOT, 'operator/main.ts'), '--settings', this.#settingsPath], {
      env: { ...process.env, NODE_OPTIONS: '', KUBECONFIG: this.plane.kubeconfigPath, POD_NAME: 'operator-0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    const from = this.log.length;
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (this.log += String(text)));
    await eventually(() => (this.log.slice(from).includes('elected as leader') ? true : undefined), 40_000).catch(
      (cause: unknown) => {
        throw new Error(`the operator does not lead: ${this.log.slice(-3000)}`, { cause });
      },
    );
    return child;
  }

  /** Ends the operator and gives its exit code, or the signal that killed it. */
  async stopOperator(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | string | null> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null) return child?.exitCode ?? null;
    const ended = new Promise<number | string | null>((resolve) => {
      child.once('exit', (code, killedBy) => resolve(code ?? killedBy));
    });
    child.kill(signal);
    this.#process = undefined;
    return ended;
  }

  async stop(): Promise<void> {
    await this.stopOperator('SIGKILL');
    await this.plane.stop();
  }

  create<T extends KubeObject>(object: T): Promise<T> {
    const { path, resource } = place(object);
    return this.#client.api.request({ verb: 'create', method: 'POST', resource, path, body: object });
  }

  replace<T extends KubeObject>(object: T, subresource = ''): Promise<T> {
    const { path, resource } = place(object);
    const url = `${path}/${object.metadata.name}${subresource}`;
    return this.#client.api.request({ verb: 'update', method: 'PUT', resource, path: url, body: object });
  }

  /** Deletes as `kubectl delete` does: whatever version the object has. */
  removeAnyway(object: KubeObject): Promise<unknown> {
    const { path, resource } = place(object);
    const url = `${path}/${object.metadata.name}`;
    return this.#client.api.request({ verb: 'delete', method: 'DELETE', resource, path: url });
  }

  remove(object: KubeObject): Promise<void> {
    return this.#client.remove(object);
  }

  get<T extends KubeObject>({ apiVersion, kind }: KindRef, name: string, namespace = 'team'): Promise<T | undefined> {
    return this.#client.read<T>({ apiVersion, kind, namespace, name });
  }

  list<T extends KubeObject>({ apiVersion, kind }: KindRef, namespace = 'team'): Promise<readonly T[]> {
    return this.#client.readAll<T>({ apiVersion, kind, namespace });
  }

  /** Writes of the operator that the API server has seen so far, without the Lease. */
  writes(): AuditEntry[] {
    const lines = readFileSync(this.plane.auditLogPath ?? '', 'utf8')
      .split('\n')
      .filter(Boolean);
    return lines
      .map((line) => JSON.parse(line) as AuditLine)
      .map(({ user, userAgent = '', verb, objectRef }) => ({
        user: user?.username ?? '',
        agent: userAgent,
        verb,
        resource: [objectRef?.resource, objectRef?.subresource].filter(Boolean).join('/'),
        name: objectRef?.name ?? '',
      }))
      .filter(({ agent, verb, resource }) => agent === AGENT && WRITES.includes(verb) && resource !== 'leases');
  }
}

const AGENT = 'aimass-operator/0.1.0';
const WRITES = ['create', 'update', 'patch', 'delete', 'deletecollection'];

interface AuditLine {
  user?: { username?: string };
  userAgent?: string;
  verb: string;
  objectRef?: { resource?: string; subresource?: string; name?: string };
}

const place = ({ apiVersion, kind, metadata }: KubeObject): { path: string; resource: string } => {
  const resource = pluralOf(kind);
  return { resource, path: resourcePath({ apiVersion, plural: resource }, { namespace: metadata.namespace }) };
};
