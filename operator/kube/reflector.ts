import { Backoff, type BackoffLimits, type Random } from '../loop/backoff.ts';
import { sleep, type Clock } from '../loop/clock.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Api, ApiCall } from './api.ts';
import { isForbidden, isGone, isNotFound } from './api-errors.ts';
import type { KubeObject } from './cluster.ts';
import { isNewer } from './resource-version.ts';
import type { WatchCache } from './watch-cache.ts';
import { readWatchEvents, type WatchEvent } from './watch-events.ts';
import { kindName, pluralOf, resourcePath, type WatchedKind } from './watched-kind.ts';

/** Times of a reflector; the defaults suit a real API server. */
export interface ReflectorTiming {
  /** The API server ends a watch after this time, ±50 %. */
  watchSeconds: number;
  /** Bookmarks come about each minute: silence longer than this means a dead connection. */
  silenceMs: number;
  /** A watch that lived this long was healthy, and the next failure counts as the first. */
  healthyMs: number;
  backoff: BackoffLimits;
  pageSize: number;
}

/** The times for production. */
const DEFAULT_TIMING: ReflectorTiming = {
  watchSeconds: 400,
  silenceMs: 100_000,
  healthyMs: 20_000,
  backoff: { firstMs: 500, maxMs: 30_000 },
  pageSize: 500,
};

const RELIST_AFTER_FAILURES = 5;

/** What a reflector needs from outside. */
export interface ReflectorDeps {
  api: Api;
  cache: WatchCache;
  clock: Clock;
  random: Random;
  log: Logger;
  metrics: Metrics;
  timing?: Partial<ReflectorTiming>;
}

/** What a reflector is doing. `missing`: the API server does not serve the kind; it is asked again until it does. */
export type ReflectorState = 'listing' | 'watching' | 'missing' | 'forbidden' | 'failing' | 'stopped';

interface ObjectList {
  metadata: { resourceVersion: string; continue?: string };
  items: KubeObject[];
}

/** Keeps the cache of one kind, in one namespace or all, equal to the API server for as long as it runs: no error ends it. */
export class Reflector {
  readonly kind: WatchedKind;
  readonly namespace: string | undefined;
  state: ReflectorState = 'listing';
  hasSynced = false;
  readonly #deps: ReflectorDeps;
  readonly #timing: ReflectorTiming;
  readonly #backoff: Backoff;
  readonly #stop = new AbortController();
  readonly #path: string;
  readonly #resource: string;
  readonly #settled: Promise<void>;
  #markSettled: () => void = () => undefined;
  /** Where the next watch starts; undefined: list first. */
  #resourceVersion: string | undefined;
  #newest: string | undefined;
  #heardAt: number;
  #activeAt: number;

  constructor(scope: { kind: WatchedKind; namespace?: string | undefined }, deps: ReflectorDeps) {
    this.kind = scope.kind;
    this.namespace = scope.kind.isClusterScoped === true ? undefined : scope.namespace;
    this.#deps = deps;
    this.#timing = { ...DEFAULT_TIMING, ...deps.timing };
    this.#backoff = new Backoff(this.#timing.backoff, deps.random);
    this.#resource = scope.kind.plural ?? pluralOf(scope.kind.kind);
    this.#path = resourcePath(
      { apiVersion: scope.kind.apiVersion, plural: this.#resource },
      { namespace: this.namespace },
    );
    this.#settled = new Promise((resolve) => (this.#markSettled = resolve));
    this.#heardAt = deps.clock.monotonic();
    this.#activeAt = this.#heardAt;
  }

  /** Resolves when the first list is in, or when it turned out that there is nothing that may be listed. */
  settled(): Promise<void> {
    return this.#settled;
  }

  /** How long ago the API server last said anything about this kind. */
  ageMs(): number {
    return this.#deps.clock.monotonic() - this.#heardAt;
  }

  /** How long ago the loop last did anything, failed tries included: large only when the loop itself hangs. */
  idleMs(): number {
    return this.#deps.clock.monotonic() - this.#activeAt;
  }

  stop(): void {
    this.#stop.abort();
  }

  /** Runs until stopped. */
  async run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const waitMs = await this.#cycle();
      this.#activeAt = this.#deps.clock.monotonic();
      await sleep(this.#deps.clock, waitMs, this.#stop.signal);
    }
    this.#enter('stopped');
  }

  /** One list and watch; gives the time to wait before the next. */
  async #cycle(): Promise<number> {
    const { clock, random } = this.#deps;
    const started = clock.monotonic();
    try {
      if (this.#resourceVersion === undefined) await this.#list();
      await this.#watch(this.#resourceVersion);
      this.#count('end');
      if (clock.monotonic() - started < this.#timing.healthyMs) return this.#backoff.next();
      this.#backoff.reset();
      return random() * 200;
    } catch (error) {
      if (clock.monotonic() - started >= this.#timing.healthyMs) this.#backoff.reset();
      return this.#failed(error);
    }
  }

  #failed(error: unknown): number {
    if (this.#stop.signal.aborted) return 0;
    const waitMs = this.#backoff.next();
    // Whatever is wrong after many tries, a list starts afresh.
    if (isGone(error) || this.#backoff.failures >= RELIST_AFTER_FAILURES) this.#resourceVersion = undefined;
    const state = isNotFound(error) ? 'missing' : isForbidden(error) ? 'forbidden' : 'failing';
    // After the kind went away its versions mean nothing; and it costs one list to be sure.
    if (state !== 'failing') this.#resourceVersion = undefined;
    if (state !== 'failing') this.#markSettled();
    this.#count(isGone(error) ? 'gone' : state);
    this.#enter(isGone(error) ? 'listing' : state, error);
    return waitMs;
  }

  async #list(): Promise<void> {
    if (this.state !== 'missing' && this.state !== 'forbidden') this.#enter('listing');
    const uids = new Set<string>();
    let page = await this.#page(undefined);
    const { resourceVersion } = page.metadata;
    const isRestored = this.#newest !== undefined && isNewer(this.#newest, resourceVersion);
    for (;;) {
      for (const item of page.items) {
        uids.add(item.metadata.uid ?? '');
        this.#cacheObject({ ...item, apiVersion: this.kind.apiVersion, kind: this.kind.kind }, isRestored);
      }
      if (page.metadata.continue === undefined || page.metadata.continue === '') break;
      page = await this.#page(page.metadata.continue);
    }
    const { apiVersion, kind } = this.kind;
    const scope = this.namespace === undefined ? { apiVersion, kind } : { apiVersion, kind, namespace: this.namespace };
    this.#deps.cache.removeUnlisted(scope, { uids, resourceVersion, isRestored });
    this.#resourceVersion = resourceVersion;
    this.#newest = resourceVersion;
    this.hasSynced = true;
    this.#markSettled();
  }

  async #page(token: string | undefined): Promise<ObjectList> {
    const page = await this.#deps.api.request<ObjectList>(
      this.#call('list', { limit: this.#timing.pageSize, continue: token }),
    );
    this.#heard();
    return page;
  }

  async #watch(resourceVersion: string | undefined): Promise<void> {
    const { clock, random, api } = this.#deps;
    const timeoutSeconds = Math.ceil(this.#timing.watchSeconds * (0.5 + random()));
    const call = this.#call('watch', { watch: true, allowWatchBookmarks: true, resourceVersion, timeoutSeconds });
    const silence = new AbortController();
    let timer = clock.after(this.#timing.silenceMs, () => undefined);
    const arm = (): void => {
      timer.cancel();
      timer = clock.after(this.#timing.silenceMs, () => silence.abort(new Error('the watch fell silent')));
    };
    const heard = (): void => {
      this.#heard();
      arm();
    };
    try {
      arm();
      const stream = await api.stream(call, AbortSignal.any([this.#stop.signal, silence.signal]));
      this.#enter('watching');
      for await (const event of readWatchEvents(tap(stream, heard))) this.#apply(event);
    } finally {
      timer.cancel();
    }
  }

  #apply({ type, object }: WatchEvent): void {
    if (type === 'DELETED') this.#deps.cache.remove(object);
    else if (type !== 'BOOKMARK') this.#cacheObject(object);
    this.#resourceVersion = object.metadata.resourceVersion ?? this.#resourceVersion;
    this.#newest = this.#resourceVersion;
  }

  #cacheObject(object: KubeObject, isRestored = false): void {
    stripBulk(object);
    this.kind.trim?.(object);
    this.#deps.cache.upsert(object, isRestored);
  }

  #call(verb: string, query: ApiCall['query']): ApiCall {
    return {
      verb,
      resource: this.#resource,
      method: 'GET',
      path: this.#path,
      query: { ...query, labelSelector: this.kind.labelSelector },
    };
  }

  #heard(): void {
    this.#heardAt = this.#deps.clock.monotonic();
    this.#activeAt = this.#heardAt;
  }

  #count(cause: string): void {
    this.#deps.metrics.watchRestarts.inc({ kind: kindName(this.kind), cause });
  }

  #enter(state: ReflectorState, err?: unknown): void {
    const { log, metrics } = this.#deps;
    if (state === this.state) return;
    const kind = kindName(this.kind);
    metrics.watchState.set({ kind, state: this.state }, 0);
    metrics.watchState.set({ kind, state }, 1);
    const fields = { kind, namespace: this.namespace, from: this.state, state };
    this.state = state;
    if (err !== undefined) log.warn({ ...fields, err }, 'watch changed state');
    else if (state === 'watching') log.info(fields, 'watch changed state');
    else log.debug(fields, 'watch changed state');
  }
}

/** What every object carries and nobody here reads. */
export function stripBulk(object: KubeObject): void {
  const metadata: KubeObject['metadata'] & { managedFields?: unknown } = object.metadata;
  delete metadata.managedFields;
  delete metadata.annotations?.['kubectl.kubernetes.io/last-applied-configuration'];
}

async function* tap(stream: AsyncIterable<Uint8Array>, heard: () => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) {
    heard();
    yield chunk;
  }
}
