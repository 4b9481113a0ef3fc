import type { Change, ChangeHandler } from './change.ts';
import type { KindRef, KubeObject, ObjectRef, Query } from './cluster.ts';
import { refOf } from './desired.ts';
import { ObjectStore } from './object-store.ts';
import { isNewer } from './resource-version.ts';

/** How many uids of deleted objects are remembered, against answers and events that arrive late. */
const TOMBSTONES = 10_000;

/** What a whole list said. */
export interface ListSummary {
  uids: ReadonlySet<string>;
  resourceVersion: string;
  isRestored: boolean;
}

/**
 * What the watches and our own writes tell, merged into one view that never goes back in time. A name that changes its
 * uid is a deletion and an addition, also when nobody saw the deletion.
 */
export class WatchCache {
  readonly #store = new ObjectStore();
  readonly #handlers = new Set<ChangeHandler>();
  readonly #tombstones = new Set<string>();
  readonly #handlerFailed: (error: unknown) => void;

  constructor(handlerFailed: (error: unknown) => void) {
    this.#handlerFailed = handlerFailed;
  }

  onChange(handler: ChangeHandler): void {
    this.#handlers.add(handler);
  }

  get(ref: ObjectRef): KubeObject | undefined {
    return this.#store.get(ref);
  }

  list(query: Query): KubeObject[] {
    return this.#store.list(query);
  }

  count(kind: KindRef): number {
    return this.#store.count(kind);
  }

  /**
   * Takes in an object from a list, a watch event or the answer to a write, unless something newer is known.
   * `isRestored`: the API server's own history went back (a backup of etcd), so that older is now true.
   */
  upsert(object: KubeObject, isRestored = false): void {
    if (this.#tombstones.has(object.metadata.uid ?? '')) return;
    const known = this.#store.get(refOf(object));
    if (known === undefined) return this.#put({ type: 'added', object });
    if (!isRestored && !isNewer(object.metadata.resourceVersion, known.metadata.resourceVersion)) return;
    if (known.metadata.uid === object.metadata.uid) return this.#put({ type: 'updated', object, previous: known });
    this.remove(known);
    this.#put({ type: 'added', object });
  }

  /** Takes out this very object; another of the same name stays. */
  remove(object: KubeObject): void {
    const uid = object.metadata.uid ?? '';
    this.#tombstones.add(uid);
    if (this.#tombstones.size > TOMBSTONES) this.#forgetOldest();
    const ref = refOf(object);
    const known = this.#store.get(ref);
    if (known === undefined || known.metadata.uid !== uid) return;
    this.#store.remove(ref);
    this.#tell({ type: 'deleted', object: known });
  }

  /** After a list: takes out what is cached in its scope, is not in it, and is not newer than it. */
  removeUnlisted(scope: KindRef & { namespace?: string }, list: ListSummary): void {
    for (const known of this.#store.list(scope)) {
      const isListed = list.uids.has(known.metadata.uid ?? '');
      const isOlder = list.isRestored || !isNewer(known.metadata.resourceVersion, list.resourceVersion);
      if (!isListed && isOlder) this.remove(known);
    }
  }

  #put(change: Change): void {
    this.#store.put(change.object);
    this.#tell(change);
  }

  #tell(change: Change): void {
    for (const handler of this.#handlers) {
      try {
        handler(change);
      } catch (error) {
        // A mistake in one handler must not look like a broken watch, nor keep others from hearing.
        this.#handlerFailed(error);
      }
    }
  }

  #forgetOldest(): void {
    const [oldest] = this.#tombstones;
    if (oldest !== undefined) this.#tombstones.delete(oldest);
  }
}
