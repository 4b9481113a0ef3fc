import { ApiError } from '../errors.ts';
import { show } from '../protocol/v2-request.ts';
import type { HostedModel } from './hosted-model.ts';
import type { ModelTarget } from './plane.ts';

/** The models that this server knows, loaded or not, by name and version. */
export class Library {
  readonly #models = new Map<string, Map<string, HostedModel>>();

  /** Adds a version of a model. */
  add(model: HostedModel): void {
    const { name, version } = model.at;
    const versions = this.#models.get(name) ?? new Map<string, HostedModel>();
    versions.set(version, model);
    this.#models.set(name, versions);
  }

  /** Forgets a version of a model, which has been unloaded. */
  remove(model: HostedModel): void {
    const { name, version } = model.at;
    const versions = this.#models.get(name);
    if (versions?.get(version) !== model) return;
    versions.delete(version);
    if (versions.size === 0) this.#models.delete(name);
  }

  /** All models, by name and version. */
  all(): HostedModel[] {
    return this.names().flatMap((name) => this.versions(name));
  }

  /** The names of all models. */
  names(): string[] {
    return [...this.#models.keys()].toSorted();
  }

  /** The versions of a model, oldest first. */
  versions(name: string): HostedModel[] {
    return [...(this.#models.get(name)?.values() ?? [])].toSorted((a, b) =>
      compareVersions(a.at.version, b.at.version),
    );
  }

  /** The version that a client means: the one it names, or the newest that is ready, or the newest. */
  find({ name, version }: ModelTarget): HostedModel {
    const versions = this.#models.get(name);
    if (versions === undefined) throw unknownModel(name, this.names());
    if (version !== undefined && version !== '') return versions.get(version) ?? refuseVersion(name, version, versions);
    if (versions.size === 1) for (const only of versions.values()) return only;
    const all = this.versions(name);
    return all.findLast(({ state }) => state === 'ready') ?? (all.at(-1) as HostedModel);
  }
}

/** Versions are numbers: 10 comes after 9. */
const compareVersions = (a: string, b: string): number => Number(a) - Number(b) || a.localeCompare(b);

function unknownModel(name: string, names: readonly string[]): ApiError {
  const known =
    names.length === 0 ? 'this server has no models' : `this server serves ${names.slice(0, 20).map(show).join(', ')}`;
  const more = names.length > 20 ? ` and ${names.length - 20} more` : '';
  return new ApiError('UnknownModel', `There is no model ${show(name)} here; ${known}${more}.`);
}

function refuseVersion(name: string, version: string, versions: ReadonlyMap<string, unknown>): never {
  const known = [...versions.keys()].slice(0, 20).map(show).join(', ');
  throw new ApiError(
    'UnknownVersion',
    `There is no version ${show(version)} of ${show(name)}; leave it out or use ${known}.`,
  );
}
