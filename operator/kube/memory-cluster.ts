import { sameJson } from './same-json.ts';
import { ApiError } from './api-errors.ts';
import type { Change, ChangeHandler } from './change.ts';
import type { ApplyResult, Cluster, EventNote, KubeObject, LogQuery, ObjectRef, Query } from './cluster.ts';
import {
  bearsLabel,
  controllerOf,
  describeRef,
  refOf,
  requireController,
  saysTheSame,
  splitBasis,
  withAppliedHash,
  type Claim,
} from './desired.ts';
import { MemoryLogs } from './memory-logs.ts';
import { mergeApplied } from './memory-merge.ts';
import { MemoryServer, type MemoryServerOptions } from './memory-server.ts';
import { ObjectStore } from './object-store.ts';

/** One write that reached the API server (in the live cluster: one mutating request). */
export interface MemoryWrite {
  verb: 'create' | 'patch' | 'status' | 'delete' | 'event';
  ref: ObjectRef;
}

/** Why a write of a matching object is refused. */
export interface Refusal {
  code: number;
  reason: 'Forbidden' | 'QuotaExceeded' | 'Invalid';
  message: string;
}

/** Which write goes wrong: `nth` counts from now on; `after` commits it and loses the answer. */
export interface WriteFailure {
  nth: number;
  when: 'before' | 'after';
  error?: Error;
}

/**
 * The cluster in memory, for tests: the same contract as the live one. What the operator does goes through `Cluster`;
 * what users, controllers and kubelets do goes through `server`.
 */
export class MemoryCluster implements Cluster {
  /** Acts as everybody else: create, edit, setStatus, delete. */
  readonly server: MemoryServer;
  /** What the containers have printed. */
  readonly logs = new MemoryLogs();
  /** Every write of the operator, in order. Set `length = 0` between passes. */
  readonly writes: MemoryWrite[] = [];
  /** Every event that was emitted, repetitions included. */
  readonly events: { regarding: ObjectRef; event: EventNote }[] = [];
  readonly #cache = new ObjectStore();
  readonly #lastApplied = new Map<string, KubeObject>();
  readonly #handlers = new Set<ChangeHandler>();
  readonly #refusals: { matches: (ref: ObjectRef) => boolean; refusal: Refusal }[] = [];
  #failures: WriteFailure[] = [];
  #heldBack: Change[] | undefined;

  constructor(options: MemoryServerOptions = {}) {
    this.server = new MemoryServer(options, (change) => this.#observe(change));
  }

  /** Calls the handler on each change that the watch cache sees, as the live cluster does. */
  onChange(handler: ChangeHandler): void {
    this.#handlers.add(handler);
  }

  /** From now on `get` and `list` see only our own writes, as when the watch lags behind. */
  pauseWatch(): void {
    this.#heldBack ??= [];
  }

  /** The watch catches up. */
  resumeWatch(): void {
    const changes = this.#heldBack ?? [];
    this.#heldBack = undefined;
    for (const change of changes) this.#observe(change);
  }

  /** Makes one of the next writes fail. */
  failWrite(failure: WriteFailure): void {
    this.#failures.push({ ...failure });
  }

  /** Refuses applies of matching objects until the returned function is called. */
  refuse(matches: (ref: ObjectRef) => boolean, refusal: Refusal): () => void {
    const entry = { matches, refusal };
    this.#refusals.push(entry);
    return () => void this.#refusals.splice(this.#refusals.indexOf(entry), 1);
  }

  get<T extends KubeObject>(ref: ObjectRef): T | undefined {
    return this.#cache.get(ref) as T | undefined;
  }

  list<T extends KubeObject>(query: Query): readonly T[] {
    return this.#cache.list(query) as T[];
  }

  read<T extends KubeObject>(ref: ObjectRef): Promise<T | undefined> {
    return Promise.resolve(this.server.get<T>(ref));
  }

  /** Of field selectors it understands `a.b=c` and `a.b!=c`, joined by commas. */
  readAll<T extends KubeObject>(query: Query & { fieldSelector?: string }): Promise<readonly T[]> {
    return Promise.resolve(this.server.list<T>(query));
  }

  readLog(query: LogQuery): Promise<string> {
    return Promise.resolve().then(() => this.logs.read(query));
  }

  async apply<T extends KubeObject>(wanted: T): Promise<ApplyResult<T>> {
    const { uid } = requireController(wanted);
    return this.#apply(wanted, (live) => controllerOf(live)?.uid === uid);
  }

  async applyUnowned<T extends KubeObject>(wanted: T, label: string): Promise<ApplyResult<T>> {
    return this.#apply(wanted, bearsLabel(wanted, label));
  }

  async #apply<T extends KubeObject>(wanted: T, isOurs: Claim): Promise<ApplyResult<T>> {
    const { content, basis } = splitBasis(wanted);
    const desired = withAppliedHash(JSON.parse(JSON.stringify(content)) as T);
    const ref = refOf(desired);
    const live = this.server.get(ref);
    if (live !== undefined && !isOurs(live)) return { outcome: 'nameTaken', object: live };
    if (live !== undefined && saysTheSame(live, desired)) return { outcome: 'unchanged', object: live as T };
    if (live !== undefined) requireVersion(live, basis.resourceVersion);
    const refusal = this.#refusals.find(({ matches }) => matches(ref))?.refusal;
    if (refusal !== undefined) return { outcome: 'refused', ...refusal };
    const object = await this.#write({ verb: live === undefined ? 'create' : 'patch', ref }, () =>
      this.#merge(live, desired),
    );
    return { outcome: 'written', object: object as T };
  }

  async remove(object: KubeObject): Promise<void> {
    const ref = refOf(object);
    const live = this.server.get(ref);
    if (live === undefined || live.metadata.uid !== object.metadata.uid) return;
    requireVersion(live, object.metadata.resourceVersion);
    await this.#write({ verb: 'delete', ref }, () => this.server.delete(ref));
  }

  async reportStatus(object: KubeObject, status: object): Promise<void> {
    const ref = refOf(object);
    const live = this.server.get<KubeObject & { status?: object }>(ref);
    if (live === undefined || live.metadata.uid !== object.metadata.uid) return;
    const wanted = JSON.parse(JSON.stringify(status)) as object;
    if (sameJson(live.status, wanted)) return;
    await this.#write({ verb: 'status', ref }, () => this.server.setStatus(ref, wanted));
  }

  async emit(regarding: KubeObject, event: EventNote): Promise<void> {
    const ref = refOf(regarding);
    this.events.push({ regarding: ref, event });
    await this.#write({ verb: 'event', ref }, () => undefined).catch(() => undefined);
  }

  #merge(live: KubeObject | undefined, desired: KubeObject): KubeObject {
    const key = desired.metadata.ownerReferences?.map(({ uid }) => uid).join() + describeRef(refOf(desired));
    const previous = live === undefined ? undefined : this.#lastApplied.get(key);
    this.#lastApplied.set(key, desired);
    const merged = mergeApplied({ live, previous, desired }) as KubeObject;
    return live === undefined ? this.server.create(merged) : this.server.replace(merged);
  }

  /** Our own answers reach the cache at once, also while the watch lags. */
  async #write<R>(write: MemoryWrite, commit: () => R): Promise<R> {
    await Promise.resolve();
    for (const failure of this.#failures) failure.nth -= 1;
    const failure = this.#failures.find(({ nth }) => nth === 0);
    this.#failures = this.#failures.filter(({ nth }) => nth > 0);
    const error =
      failure?.error ?? new ApiError({ code: 500, message: `${write.verb} ${describeRef(write.ref)} failed` });
    if (failure?.when === 'before') throw error;
    const result = commit();
    this.writes.push(write);
    if (failure?.when === 'after') throw error;
    const written = this.server.get(write.ref);
    if (this.#heldBack !== undefined && written !== undefined) this.#cache.put(written);
    return result;
  }

  #observe(change: Change): void {
    if (this.#heldBack !== undefined) {
      this.#heldBack.push(change);
      return;
    }
    if (change.type === 'deleted') this.#cache.remove(refOf(change.object));
    else this.#cache.put(change.object);
    for (const handler of this.#handlers) handler(change);
  }
}

/** Refuses, as the API server does, what was decided from another version. */
function requireVersion(live: KubeObject, version: string | undefined): void {
  if (version === undefined || live.metadata.resourceVersion === version) return;
  throw new ApiError({ code: 409, reason: 'Conflict', message: `${describeRef(refOf(live))} was changed meanwhile` });
}
