import { systemClock, type Clock } from '../loop/clock.ts';
import type { Random } from '../loop/backoff.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { Api, type ApiCall } from './api.ts';
import { isAnotherObject, isNotFound } from './api-errors.ts';
import { Applier, type ApplierDeps } from './applier.ts';
import type { ChangeHandler } from './change.ts';
import type { ApplyResult, Cluster, EventNote, KindRef, KubeObject, LogQuery, ObjectRef, Query } from './cluster.ts';
import type { Connection } from './connection.ts';
import { refOf } from './desired.ts';
import { EventRecorder } from './event-recorder.ts';
import { Reflector, stripBulk, type ReflectorTiming } from './reflector.ts';
import { StatusReporter } from './status-reporter.ts';
import { WatchCache } from './watch-cache.ts';
import { kindName, matchesSelector, pluralOf, resourcePath, type WatchedKind } from './watched-kind.ts';

/** What a live cluster is made of. */
export interface LiveClusterOptions {
  connection: Connection;
  /** What to keep a cache of. */
  kinds: readonly WatchedKind[];
  /** Empty: all namespaces. */
  namespaces: readonly string[];
  log: Logger;
  metrics: Metrics;
  version: string;
  /** Tells replicas apart in events; the pod's name. */
  instance: string;
  clock?: Clock;
  random?: Random;
  timing?: Partial<ReflectorTiming>;
  maxInFlight?: number;
  requestTimeoutMs?: number;
  /** Asked before each write; pass the elector's `isLeader`. */
  mayWrite?: () => boolean;
}

/** How one watch is doing, for health checks and metrics. */
export interface WatchHealth {
  kind: string;
  namespace: string | undefined;
  state: Reflector['state'];
  hasSynced: boolean;
  ageMs: number;
  idleMs: number;
}

/** The API server asks the node: one that hangs must not hold a round over all pods for long. */
const LOG_TIMEOUT_MS = 10_000;

/** The cluster through its API server. */
export class LiveCluster implements Cluster {
  /** For the Lease, which has its own rules. */
  readonly api: Api;
  readonly #cache: WatchCache;
  readonly #reflectors: readonly Reflector[];
  readonly #kinds: ReadonlyMap<string, WatchedKind>;
  readonly #applier: Applier;
  readonly #events: EventRecorder;
  readonly #metrics: Metrics;
  readonly #statuses: StatusReporter;
  readonly #namespaces: readonly string[];
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: LiveClusterOptions) {
    const { connection, log, metrics, clock = systemClock, random = Math.random } = options;
    const userAgent = `aimass-operator/${options.version}`;
    const mayWrite = options.mayWrite ?? ((): boolean => true);
    const limits = { mayWrite, maxInFlight: options.maxInFlight ?? 32, timeoutMs: options.requestTimeoutMs ?? 30_000 };
    this.api = new Api({ connection, clock, metrics, random, userAgent, ...limits });
    this.#metrics = metrics;
    this.#kinds = new Map(options.kinds.map((kind) => [kindName(kind), kind]));
    this.#cache = new WatchCache((err) => log.error({ err }, 'a change handler failed'));
    const deps = { api: this.api, cache: this.#cache, clock, random, log, metrics, timing: options.timing ?? {} };
    this.#reflectors = scopesOf(options).map((scope) => new Reflector(scope, deps));
    this.#events = new EventRecorder({ api: this.api, clock, log, metrics, instance: options.instance });
    this.#namespaces = options.namespaces;
    const writing: ApplierDeps = {
      api: this.api,
      cached: (ref) => this.#cache.get(ref),
      read: (ref) => this.read(ref),
      remember: (object) => this.#remember(object),
      callFor: (ref, subresource) => this.#callFor(ref, subresource),
    };
    this.#applier = new Applier(writing);
    this.#statuses = new StatusReporter(writing);
    this.onChange((change) => {
      if (change.type === 'deleted') this.#forget(change.object);
    });
  }

  /** Calls the handler on each change, after the cache has it; `get` and `list` already see it. */
  onChange(handler: ChangeHandler): void {
    this.#cache.onChange(handler);
  }

  /** Starts the watches. */
  start(): void {
    this.#running = Promise.all(this.#reflectors.map((reflector) => reflector.run()));
  }

  /** Stops the watches and waits until they are done. */
  async stop(): Promise<void> {
    for (const reflector of this.#reflectors) reflector.stop();
    await this.#running;
  }

  /** Resolves when every watched kind is listed once, or is known not to be served or not to be allowed. */
  async settled(): Promise<void> {
    await Promise.all(this.#reflectors.map((reflector) => reflector.settled()));
  }

  /** How each watch is doing. */
  health(): WatchHealth[] {
    return this.#reflectors.map((reflector) => ({
      kind: kindName(reflector.kind),
      namespace: reflector.namespace,
      state: reflector.state,
      hasSynced: reflector.hasSynced,
      ageMs: reflector.ageMs(),
      idleMs: reflector.idleMs(),
    }));
  }

  /** Brings the gauges of the watches up to date; called before metrics are read. */
  updateGauges(): void {
    const ages = new Map<string, number>();
    for (const { kind, ageMs } of this.health()) ages.set(kind, Math.max(ageMs, ages.get(kind) ?? 0));
    for (const [kind, ageMs] of ages) this.#metrics.watchAge.set({ kind }, ageMs / 1000);
    for (const kind of this.#kinds.values())
      this.#metrics.cachedObjects.set({ kind: kindName(kind) }, this.#cache.count(kind));
  }

  get<T extends KubeObject>(ref: ObjectRef): T | undefined {
    return this.#cache.get(ref) as T | undefined;
  }

  list<T extends KubeObject>(query: Query): readonly T[] {
    return this.#cache.list(query) as T[];
  }

  async read<T extends KubeObject>(ref: ObjectRef): Promise<T | undefined> {
    try {
      return await this.api.request<T>({ ...this.#callFor(ref), verb: 'get', method: 'GET' });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async readAll<T extends KubeObject>(query: Query & { fieldSelector?: string }): Promise<readonly T[]> {
    const { apiVersion, kind, namespace, labels, ownerUid, fieldSelector } = query;
    const plural = this.#pluralOf(query);
    const labelSelector =
      labels === undefined
        ? undefined
        : Object.entries(labels)
            .map(([k, v]) => `${k}=${v}`)
            .join();
    const path = resourcePath({ apiVersion, plural }, { namespace });
    const items: T[] = [];
    let token: string | undefined;
    do {
      const page: { metadata: { continue?: string }; items: T[] } = await this.api.request({
        verb: 'list',
        resource: plural,
        method: 'GET',
        path,
        query: { labelSelector, fieldSelector, limit: 500, continue: token },
      });
      items.push(...page.items.map((item) => ({ ...item, apiVersion, kind })));
      token = page.metadata.continue;
    } while (token !== undefined && token !== '');
    return ownerUid === undefined ? items : items.filter((item) => isOwnedBy(item, ownerUid));
  }

  readLog({ namespace, name, ...query }: LogQuery): Promise<string> {
    const path = `${resourcePath({ apiVersion: 'v1', plural: 'pods' }, { namespace, name })}/log`;
    return this.api.text({
      verb: 'get',
      resource: 'pods/log',
      method: 'GET',
      path,
      query: { ...query, timestamps: true },
      timeoutMs: LOG_TIMEOUT_MS,
    });
  }

  async apply<T extends KubeObject>(desired: T): Promise<ApplyResult<T>> {
    return (await this.#applier.apply(desired)) as ApplyResult<T>;
  }

  async applyUnowned<T extends KubeObject>(desired: T, label: string): Promise<ApplyResult<T>> {
    return (await this.#applier.applyUnowned(desired, label)) as ApplyResult<T>;
  }

  async remove(object: KubeObject): Promise<void> {
    const { uid, resourceVersion } = object.metadata;
    try {
      const answer = await this.api.request<KubeObject | { kind: 'Status' }>({
        ...this.#callFor(refOf(object)),
        verb: 'delete',
        method: 'DELETE',
        body: {
          apiVersion: 'v1',
          kind: 'DeleteOptions',
          preconditions: { uid, resourceVersion },
          propagationPolicy: 'Background',
        },
      });
      if (answer.kind === 'Status') this.#cache.remove(object);
      else if ('metadata' in answer) this.#remember(answer);
    } catch (error) {
      if (!isNotFound(error) && !isAnotherObject(error)) throw error;
    }
  }

  async reportStatus(object: KubeObject, status: object): Promise<void> {
    await this.#statuses.report(object, status);
  }

  emit(regarding: KubeObject, event: EventNote): Promise<void> {
    this.#events.emit(regarding, event);
    return Promise.resolve();
  }

  /** Resolves when every event that was emitted is written, or was given up. */
  eventsWritten(): Promise<void> {
    return this.#events.drained();
  }

  /** The answer to a write goes to the cache, so that the next pass does not act on what was before. */
  #remember(object: KubeObject): void {
    const kind = this.#kinds.get(kindName(object));
    if (kind === undefined || !this.#isWatched(object, kind)) return;
    stripBulk(object);
    kind.trim?.(object);
    this.#cache.upsert(object);
  }

  #forget(object: KubeObject): void {
    this.#applier.forget(object);
    this.#statuses.forget(object);
  }

  #callFor(ref: ObjectRef, subresource?: 'status'): Pick<ApiCall, 'path' | 'resource'> {
    const resource = this.#pluralOf(ref);
    const path = resourcePath({ apiVersion: ref.apiVersion, plural: resource }, ref);
    return { resource, path: subresource === undefined ? path : `${path}/${subresource}` };
  }

  #pluralOf(kind: KindRef): string {
    return this.#kinds.get(kindName(kind))?.plural ?? pluralOf(kind.kind);
  }

  /** Only what a watch keeps up to date may be in the cache. */
  #isWatched({ metadata }: KubeObject, kind: WatchedKind): boolean {
    const isInScope =
      kind.isClusterScoped === true ||
      this.#namespaces.length === 0 ||
      this.#namespaces.includes(metadata.namespace ?? '');
    return isInScope && matchesSelector(metadata.labels ?? {}, kind.labelSelector ?? '');
  }
}

const isOwnedBy = ({ metadata }: KubeObject, uid: string): boolean =>
  (metadata.ownerReferences ?? []).some((owner) => owner.uid === uid);

const scopesOf = ({ kinds, namespaces }: LiveClusterOptions): { kind: WatchedKind; namespace?: string }[] =>
  kinds.flatMap((kind): { kind: WatchedKind; namespace?: string }[] =>
    kind.isClusterScoped === true || namespaces.length === 0
      ? [{ kind }]
      : namespaces.map((namespace) => ({ kind, namespace })),
  );
