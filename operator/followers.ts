import type { InferenceService } from '../crds/schema/inference-service.ts';
import type { Model } from '../crds/schema/model.ts';
import type { TrainingJob } from '../crds/schema/training-job.ts';
import type { Change } from './kube/change.ts';
import type { KubeObject } from './kube/cluster.ts';

/** The names that an object gives of others in its namespace, whose changes concern it. */
type NamesIn = (object: KubeObject) => readonly (string | undefined)[];

/** Which objects of one kind name which others: an index, so that a change of one among ten thousand needs no walk over all. */
class NameIndex {
  readonly #kind: string;
  readonly #namesIn: NamesIn;
  readonly #followers = new Map<string, Set<string>>();

  constructor(kind: string, namesIn: NamesIn) {
    this.#kind = kind;
    this.#namesIn = namesIn;
  }

  /** Takes in one change of the cache. */
  observe({ type, object, previous }: Change): void {
    if (object.kind !== this.#kind) return;
    if (previous !== undefined) this.#forget(previous);
    if (type === 'deleted') this.#forget(object);
    else for (const key of this.#keysIn(object)) this.#followersOf(key).add(object.metadata.name);
  }

  /** Names of the objects that name this one, sorted. */
  of({ namespace, name }: { namespace?: string; name: string }): string[] {
    return [...(this.#followers.get(`${namespace ?? ''}/${name}`) ?? [])].sort();
  }

  #keysIn(object: KubeObject): string[] {
    const { namespace = '' } = object.metadata;
    return this.#namesIn(object).flatMap((name) => (name === undefined ? [] : [`${namespace}/${name}`]));
  }

  #followersOf(key: string): Set<string> {
    const names = this.#followers.get(key) ?? new Set<string>();
    this.#followers.set(key, names);
    return names;
  }

  #forget(object: KubeObject): void {
    for (const key of this.#keysIn(object)) {
      const names = this.#followers.get(key);
      names?.delete(object.metadata.name);
      if (names?.size === 0) this.#followers.delete(key);
    }
  }
}

/** Who follows whom, by name. */
export class Followers {
  /** InferenceServices of a Model. */
  readonly services = new NameIndex('InferenceService', (object) => [
    (object as InferenceService & KubeObject).spec?.model?.name,
  ]);
  /** Models that follow a TrainingJob. */
  readonly models = new NameIndex('Model', (object) => [
    (object as Model & KubeObject).spec?.source?.trainingJob?.name,
  ]);
  /** TrainingJobs that start from a Model, or learn from it. */
  readonly trainings = new NameIndex('TrainingJob', (object) => {
    const { spec } = object as TrainingJob & KubeObject;
    return [spec?.baseModel?.name, spec?.teacherModel?.name];
  });

  /** Takes in one change of the cache. */
  observe(change: Change): void {
    for (const index of [this.services, this.models, this.trainings]) index.observe(change);
  }
}
