import type { KubeObject } from './cluster.ts';

/** One thing that happened to a watched object. A deletion carries the last known state. */
export interface Change {
  type: 'added' | 'updated' | 'deleted';
  object: KubeObject;
  /** The state before, for `updated`. */
  previous?: KubeObject;
}

/** Told of each change after the cache has it. Must not throw. */
export type ChangeHandler = (change: Change) => void;
