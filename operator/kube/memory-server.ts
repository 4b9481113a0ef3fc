import { sameJson } from './same-json.ts';
import { ApiError } from './api-errors.ts';
import type { Change, ChangeHandler } from './change.ts';
import type { KubeObject, ObjectRef, Query } from './cluster.ts';
import { describeRef, refOf } from './desired.ts';
import { isObject } from './field-place.ts';
import { ObjectStore } from './object-store.ts';

/** What a test may choose about the API server. */
export interface MemoryServerOptions {
  /** Wall clock in milliseconds; the default stands still at a fixed time. */
  now?: () => number;
  /** Called on each object before it is stored: defaulting, or a mutating webhook. */
  mutate?: (object: KubeObject) => KubeObject;
}

type Stored = KubeObject & { status?: unknown };

/** A small API server: resource versions, generations, uids, finalizers and the garbage collector. */
export class MemoryServer {
  readonly #store = new ObjectStore();
  readonly #now: () => number;
  readonly #mutate: (object: KubeObject) => KubeObject;
  readonly #changed: ChangeHandler;
  #version = 0;
  #uids = 0;

  constructor(options: MemoryServerOptions, changed: ChangeHandler) {
    this.#now = options.now ?? ((): number => Date.UTC(2026, 0, 1));
    this.#mutate = options.mutate ?? ((object): KubeObject => object);
    this.#changed = changed;
  }

  get<T extends KubeObject>(ref: ObjectRef): T | undefined {
    return this.#store.get(ref) as T | undefined;
  }

  list<T extends KubeObject>(query: Query & { fieldSelector?: string }): readonly T[] {
    const selected = this.#store.list(query).filter((object) => matchesFields(object, query.fieldSelector ?? ''));
    return selected as T[];
  }

  /** Creates an object as a user or a controller would. */
  create<T extends KubeObject>(object: T): T {
    const ref = refOf(object);
    if (this.#store.get(ref) !== undefined) {
      throw new ApiError({ code: 409, reason: 'AlreadyExists', message: `${describeRef(ref)} already exists` });
    }
    const created: Stored = structuredClone(this.#mutate(object));
    this.#uids += 1;
    created.metadata.uid = `uid-${this.#uids}`;
    created.metadata.creationTimestamp = this.#time();
    if (hasGeneration(created)) created.metadata.generation = 1;
    return this.#save('added', created) as T;
  }

  /** Changes a copy of the object, as `kubectl edit` would. */
  edit<T extends KubeObject>(ref: ObjectRef, change: (copy: T) => void): T {
    const copy = structuredClone(this.#require(ref)) as T;
    change(copy);
    return this.replace(copy);
  }

  /** Replaces everything but the status. */
  replace<T extends KubeObject>(object: T): T {
    const live: Stored = this.#require(refOf(object));
    const { status, ...rest }: Stored = live;
    const next: Stored = structuredClone({ ...this.#mutate(object), ...(status === undefined ? {} : { status }) });
    if (sameJson(next, live)) return live as T;
    if (hasGeneration(live) && !sameJson(specOf(next), specOf(rest))) {
      next.metadata.generation = (live.metadata.generation ?? 0) + 1;
    }
    return this.#saveOrFinish(next) as T;
  }

  /** Replaces the status, as a controller or a kubelet would. */
  setStatus(ref: ObjectRef, status: object): KubeObject {
    const live = this.#require(ref);
    const next = structuredClone({ ...live, status });
    return sameJson(live, next) ? live : this.#save('updated', next);
  }

  /** Deletes in the background: waits for finalizers, then takes the dependents away. */
  delete(ref: ObjectRef): void {
    const live = this.#require(ref);
    if (live.metadata.deletionTimestamp !== undefined) return;
    const next = structuredClone(live);
    next.metadata.deletionTimestamp = this.#time();
    this.#saveOrFinish(next);
  }

  /** Deletes everything in a namespace. */
  deleteNamespace(namespace: string): void {
    for (const object of this.#store.all()) {
      const ref = refOf(object);
      if (object.metadata.namespace === namespace && this.#store.get(ref) !== undefined) this.delete(ref);
    }
  }

  #require(ref: ObjectRef): KubeObject {
    const live = this.#store.get(ref);
    if (live === undefined)
      throw new ApiError({ code: 404, reason: 'NotFound', message: `${describeRef(ref)} not found` });
    return live;
  }

  #saveOrFinish(object: KubeObject): KubeObject {
    const isFinished =
      object.metadata.deletionTimestamp !== undefined && (object.metadata.finalizers ?? []).length === 0;
    if (!isFinished) return this.#save('updated', object);
    this.#store.remove(refOf(object));
    this.#version += 1;
    this.#changed({ type: 'deleted', object: deepFreeze(object) });
    this.#collectDependents(object);
    return object;
  }

  #collectDependents(owner: KubeObject): void {
    for (const dependent of this.#store.dependents(owner.metadata.uid ?? '')) {
      const owners = dependent.metadata.ownerReferences ?? [];
      const isOrphan = owners.every(({ uid }) => uid === owner.metadata.uid);
      if (isOrphan && this.#store.get(refOf(dependent)) !== undefined) this.delete(refOf(dependent));
    }
  }

  #save(type: 'added' | 'updated', object: KubeObject): KubeObject {
    this.#version += 1;
    object.metadata.resourceVersion = String(this.#version);
    const previous = this.#store.put(deepFreeze(object));
    const change: Change = previous === undefined ? { type, object } : { type, object, previous };
    this.#changed(change);
    return object;
  }

  #time(): string {
    return new Date(this.#now()).toISOString().replace(/\.\d+Z$/, 'Z');
  }
}

/** Kinds of the core group carry no generation. */
const hasGeneration = ({ apiVersion }: KubeObject): boolean => apiVersion !== 'v1';

const specOf = ({ metadata: _metadata, status: _status, ...spec }: Stored): object => spec;

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}

const matchesFields = (object: KubeObject, selector: string): boolean =>
  selector
    .split(',')
    .filter((term) => term !== '')
    .every((term) => {
      const [path = '', want = ''] = term.split(/!?==?/);
      return (fieldValue(object, path) === want) !== term.includes('!=');
    });

function fieldValue(object: KubeObject, path: string): string {
  const value = path.split('.').reduce<unknown>((inner, name) => (isObject(inner) ? inner[name] : undefined), object);
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
