import type { InferenceService } from '../crds/schema/inference-service.ts';
import type { Change } from './kube/change.ts';
import type { KubeObject } from './kube/cluster.ts';

/** Which InferenceServices name which Model: an index, so that ten thousand Models need no walk over all services. */
export class ServicesByModel {
  readonly #names = new Map<string, Set<string>>();

  /** Takes in one change of the cache. */
  observe({ type, object, previous }: Change): void {
    if (object.kind !== 'InferenceService') return;
    if (previous !== undefined) this.#names.get(modelKey(previous))?.delete(previous.metadata.name);
    const key = modelKey(object);
    const names = this.#names.get(key) ?? new Set<string>();
    if (type === 'deleted') names.delete(object.metadata.name);
    else names.add(object.metadata.name);
    if (names.size === 0) this.#names.delete(key);
    else this.#names.set(key, names);
  }

  /** Names of the services of a Model, sorted. */
  of({ namespace, name }: { namespace?: string; name: string }): string[] {
    return [...(this.#names.get(`${namespace ?? ''}/${name}`) ?? [])].sort();
  }
}

const modelKey = (object: KubeObject): string => {
  const { metadata, spec } = object as InferenceService & KubeObject;
  return `${metadata.namespace}/${spec.model.name}`;
};
