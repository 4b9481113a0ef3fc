import type { Model } from '../crds/schema/model.ts';
import type { Change } from './kube/change.ts';
import type { KubeObject } from './kube/cluster.ts';

/** Which Models follow which TrainingJob: an index, so that a job that gets on needs no walk over all Models. */
export class ModelsByJob {
  readonly #names = new Map<string, Set<string>>();

  /** Takes in one change of the cache. */
  observe({ type, object, previous }: Change): void {
    if (object.kind !== 'Model') return;
    const before = previous === undefined ? undefined : jobKey(previous);
    if (before !== undefined) this.#remove(before, object.metadata.name);
    const key = jobKey(object);
    if (key === undefined) return;
    if (type === 'deleted') this.#remove(key, object.metadata.name);
    else this.#names.set(key, (this.#names.get(key) ?? new Set()).add(object.metadata.name));
  }

  /** Names of the Models that follow a TrainingJob, sorted. */
  of({ namespace, name }: { namespace?: string; name: string }): string[] {
    return [...(this.#names.get(`${namespace ?? ''}/${name}`) ?? [])].sort();
  }

  #remove(key: string, name: string): void {
    const names = this.#names.get(key);
    names?.delete(name);
    if (names?.size === 0) this.#names.delete(key);
  }
}

function jobKey(object: KubeObject): string | undefined {
  const { metadata, spec } = object as Model & KubeObject;
  const job = spec?.source?.trainingJob?.name;
  return job === undefined ? undefined : `${metadata.namespace}/${job}`;
}
