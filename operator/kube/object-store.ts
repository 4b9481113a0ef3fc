import type { KindRef, KubeObject, ObjectRef, Query } from './cluster.ts';

/** Objects in memory with indexes, so that no question costs a walk over all objects. */
export class ObjectStore {
  readonly #tables = new Map<string, KindTable>();

  get(ref: ObjectRef): KubeObject | undefined {
    return this.#tables.get(kindKey(ref))?.objects.get(objectKey(ref.namespace, ref.name));
  }

  /** Adds or replaces; gives back what was there before. */
  put(object: KubeObject): KubeObject | undefined {
    return this.#table(object).put(object);
  }

  remove(ref: ObjectRef): KubeObject | undefined {
    return this.#tables.get(kindKey(ref))?.remove(objectKey(ref.namespace, ref.name));
  }

  list(query: Query): KubeObject[] {
    return this.#tables.get(kindKey(query))?.list(query) ?? [];
  }

  count(kind: KindRef): number {
    return this.#tables.get(kindKey(kind))?.objects.size ?? 0;
  }

  /** All objects that name this uid as an owner, of every kind. */
  dependents(ownerUid: string): KubeObject[] {
    return [...this.#tables.values()].flatMap((table) => table.owned(ownerUid));
  }

  /** All objects in the store. */
  all(): KubeObject[] {
    return [...this.#tables.values()].flatMap((table) => [...table.objects.values()]);
  }

  #table(kind: KindRef): KindTable {
    const key = kindKey(kind);
    const table = this.#tables.get(key) ?? new KindTable();
    this.#tables.set(key, table);
    return table;
  }
}

const kindKey = ({ apiVersion, kind }: KindRef): string => `${apiVersion}/${kind}`;
const objectKey = (namespace: string | undefined, name: string): string => `${namespace ?? ''}/${name}`;

type Index = Map<string, Set<string>>;
type Extract = (object: KubeObject) => readonly string[];

const byNamespace: Extract = ({ metadata }) => [metadata.namespace ?? ''];
const byOwner: Extract = ({ metadata }) => (metadata.ownerReferences ?? []).map(({ uid }) => uid);
const byLabel =
  (label: string): Extract =>
  ({ metadata }) => {
    const value = metadata.labels?.[label];
    return value === undefined ? [] : [value];
  };

class KindTable {
  readonly objects = new Map<string, KubeObject>();
  /** Label indexes are made when a query first asks for that label. */
  readonly #indexes = new Map<string, { extract: Extract; index: Index }>();

  put(object: KubeObject): KubeObject | undefined {
    const key = objectKey(object.metadata.namespace, object.metadata.name);
    const previous = this.remove(key);
    this.objects.set(key, object);
    for (const { extract, index } of this.#indexes.values()) addTo(index, extract(object), key);
    return previous;
  }

  remove(key: string): KubeObject | undefined {
    const previous = this.objects.get(key);
    if (previous === undefined) return undefined;
    this.objects.delete(key);
    for (const { extract, index } of this.#indexes.values()) removeFrom(index, extract(previous), key);
    return previous;
  }

  owned(ownerUid: string): KubeObject[] {
    return this.#resolve(this.#index('owner', byOwner).get(ownerUid) ?? new Set());
  }

  list(query: Query): KubeObject[] {
    const sets = this.#candidates(query);
    if (sets.length === 0) return [...this.objects.values()].sort(byName);
    const smallest = sets.reduce((best, set) => (set.size < best.size ? set : best));
    const others = sets.filter((set) => set !== smallest);
    const keys = [...smallest].filter((key) => others.every((set) => set.has(key)));
    return this.#resolve(keys).sort(byName);
  }

  #candidates({ namespace, ownerUid, labels }: Query): ReadonlySet<string>[] {
    const empty: ReadonlySet<string> = new Set<string>();
    const sets: ReadonlySet<string>[] = [];
    if (namespace !== undefined) sets.push(this.#index('namespace', byNamespace).get(namespace) ?? empty);
    if (ownerUid !== undefined) sets.push(this.#index('owner', byOwner).get(ownerUid) ?? empty);
    for (const [label, value] of Object.entries(labels ?? {})) {
      sets.push(this.#index(`label ${label}`, byLabel(label)).get(value) ?? empty);
    }
    return sets;
  }

  #index(name: string, extract: Extract): Index {
    const known = this.#indexes.get(name);
    if (known !== undefined) return known.index;
    const index: Index = new Map();
    for (const [key, object] of this.objects) addTo(index, extract(object), key);
    this.#indexes.set(name, { extract, index });
    return index;
  }

  #resolve(keys: Iterable<string>): KubeObject[] {
    return [...keys].map((key) => this.objects.get(key)).filter((object) => object !== undefined);
  }
}

const byName = (a: KubeObject, b: KubeObject): number => (sortKey(a) < sortKey(b) ? -1 : 1);
const sortKey = ({ metadata }: KubeObject): string => objectKey(metadata.namespace, metadata.name);

function addTo(index: Index, values: readonly string[], key: string): void {
  for (const value of values) {
    const keys = index.get(value) ?? new Set();
    index.set(value, keys.add(key));
  }
}

function removeFrom(index: Index, values: readonly string[], key: string): void {
  for (const value of values) {
    const keys = index.get(value);
    keys?.delete(key);
    if (keys?.size === 0) index.delete(value);
  }
}
