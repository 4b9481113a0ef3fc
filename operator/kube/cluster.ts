/** The part of any Kubernetes object that the machinery reads. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    uid?: string;
    resourceVersion?: string;
    generation?: number;
    creationTimestamp?: string;
    deletionTimestamp?: string;
    deletionGracePeriodSeconds?: number;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    finalizers?: string[];
    ownerReferences?: OwnerReference[];
  };
}

/** Ties a child to its parent: the garbage collector removes the child after the parent. */
export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

/** Names one kind of object, such as `{ apiVersion: 'apps/v1', kind: 'Deployment' }`. */
export interface KindRef {
  apiVersion: string;
  kind: string;
}

/** Names one object. `namespace` is absent for cluster-scoped kinds. */
export interface ObjectRef extends KindRef {
  namespace?: string;
  name: string;
}

/** What to list: all objects of a kind, in one namespace, with these labels, or owned by this uid. */
export interface Query extends KindRef {
  namespace?: string;
  labels?: Readonly<Record<string, string>>;
  ownerUid?: string;
}

/** Which part of a container's log to read. Lines come with their time stamps, oldest first. */
export interface LogQuery {
  namespace: string;
  /** Name of the pod. */
  name: string;
  container: string;
  /** Only what was printed since then (RFC 3339; whole seconds count). */
  sinceTime?: string;
  /** Only so many of the last lines. */
  tailLines: number;
  /** No more than this; what is left out is at the end. */
  limitBytes: number;
}

/** Something that happened to an object, told once, on a transition. */
export interface EventNote {
  type: 'Normal' | 'Warning';
  reason: string;
  /** What was done, for events.k8s.io/v1. */
  action: string;
  note: string;
}

/** The outcome of `apply`: what now exists, or why it may not. */
export type ApplyResult<T extends KubeObject> =
  | { outcome: 'unchanged' | 'written'; object: T }
  /** An object of this name exists and belongs to somebody else; nothing was written. */
  | { outcome: 'nameTaken'; object: KubeObject }
  /** Refused by the API server for good: quota, policy, RBAC, or an invalid field; nothing was written. */
  | { outcome: 'refused'; code: number; reason: 'Forbidden' | 'QuotaExceeded' | 'Invalid'; message: string };

/**
 * The cluster as the reconcilers see it. `get` and `list` answer from the watch cache at once and never touch the
 * network; the others talk to the API server, and throw what should be retried with backoff.
 * Objects handed out are shared and must not be changed.
 */
export interface Cluster {
  get<T extends KubeObject>(ref: ObjectRef): T | undefined;
  list<T extends KubeObject>(query: Query): readonly T[];
  /** Reads one object from the API server, for kinds that are not watched; undefined when it does not exist. */
  read<T extends KubeObject>(ref: ObjectRef): Promise<T | undefined>;
  /** Lists from the API server, for kinds that are not watched. */
  readAll<T extends KubeObject>(query: Query & { fieldSelector?: string }): Promise<readonly T[]>;
  /** Reads the log of a container. */
  readLog(query: LogQuery): Promise<string>;
  /**
   * Server-side apply under one field manager. Writes nothing when the live object already says what `desired` says.
   * `desired` must carry exactly one controlling owner reference; an object that exists under another owner is not touched.
   * When `desired` names a resourceVersion, it was decided from that version: over any other it throws a conflict.
   */
  apply<T extends KubeObject>(desired: T): Promise<ApplyResult<T>>;
  /**
   * The same for an object without owner, which outlives what it is made for: one that exists is touched only when it has the
   * same value of this label.
   */
  applyUnowned<T extends KubeObject>(desired: T, label: string): Promise<ApplyResult<T>>;
  /** Deletes this very object (uid and resourceVersion preconditions). Already gone is fine; a changed one throws a conflict. */
  remove(object: KubeObject): Promise<void>;
  /** Applies the whole status (fields left out are removed). Writes nothing when it is already so; already gone is fine. */
  reportStatus(object: KubeObject, status: object): Promise<void>;
  /** Has an event on `regarding` written soon. Never throws: an event that cannot be written is logged and counted. */
  emit(regarding: KubeObject, event: EventNote): Promise<void>;
}
