import type { GoldenExample } from '../protocol/golden.ts';
import type { ListedModel, ListedVersion } from '../model-listing.ts';
import type { VersionPolicy } from '../version-policy.ts';
import { chooseVersions } from '../version-policy.ts';
import type { HostingOptions } from './hosted-model.ts';
import { HostedModel } from './hosted-model.ts';
import type { Library } from './library.ts';
import { tellable } from './tellable.ts';

/** What a shelf works with. */
export interface ShelfOptions {
  library: Library;
  hosting: HostingOptions;
  policy: VersionPolicy;
  readGolden: (path: string | undefined) => Promise<GoldenExample[]>;
  load: (model: HostedModel) => Promise<void>;
  /** Unloads a model that has left the library, when it is no longer used. */
  retire: (model: HostedModel) => void;
}

interface Placed {
  model: HostedModel;
  fingerprint: string;
}

/** How the folder is followed. */
export interface UpdateOptions {
  /** Try again what failed before, although it is the same. */
  isRetry: boolean;
  /** Versions whose files cannot be used as they are now: what was loaded from them goes on. */
  broken: readonly string[];
}

/** The versions of one model: brings what is served in line with what lies in the folder. */
export class ModelShelf {
  /** Whether its versions are to be loaded. */
  isWanted: boolean;
  isPinned = false;
  readonly #options: ShelfOptions;
  readonly #placed = new Map<string, Placed>();
  /** Files that could not replace what serves, so that they are not tried again until they change. */
  readonly #rejected = new Map<string, { fingerprint: string; failure: unknown }>();

  constructor(options: ShelfOptions, isWanted: boolean) {
    this.#options = options;
    this.isWanted = isWanted;
  }

  /** All versions on the shelf. */
  get models(): HostedModel[] {
    return [...this.#placed.values()].map(({ model }) => model);
  }

  /**
   * Takes over what the folder holds now: what is new or changed is loaded beside what serves, and takes its place only
   * when it answers. Gives the failures.
   */
  async update({ name, settings, versions }: ListedModel, { isRetry, broken }: UpdateOptions): Promise<unknown[]> {
    this.isPinned = settings.isPinned;
    const wanted = chooseVersions(settings.versions ?? this.#options.policy, versions);
    const failures: unknown[] = [];
    for (const version of wanted) {
      await this.#place(name, { settings, version }, isRetry).catch((failure: unknown) => failures.push(failure));
    }
    this.#dropAllBut(new Set([...wanted.map(({ version }) => version), ...broken]), failures.length > 0);
    return failures;
  }

  /** Unloads all versions at once; what runs is told to ask again. */
  async unload(): Promise<void> {
    this.isWanted = false;
    await Promise.all(this.models.map((model) => model.unload()));
  }

  /** Takes all versions out of the library. */
  clear(): void {
    this.#dropAllBut(new Set(), false);
  }

  async #place(
    name: string,
    listed: Pick<ListedModel, 'settings'> & { version: ListedVersion },
    isRetry: boolean,
  ): Promise<void> {
    const { version, fingerprint } = listed.version;
    const current = this.#placed.get(version);
    if (current?.fingerprint === fingerprint) return this.#loadAgain(current.model, isRetry);
    const rejected = this.#rejected.get(version);
    if (rejected?.fingerprint === fingerprint && !isRetry) throw rejected.failure;
    const model = this.#host(name, listed);
    if (current?.model.state === 'ready') await this.#tryBeside(current.model, model, fingerprint);
    this.#options.library.add(model);
    this.#placed.set(version, { model, fingerprint });
    this.#rejected.delete(version);
    if (current !== undefined) this.#options.retire(current.model);
    if (this.isWanted) await this.#options.load(model);
  }

  async #loadAgain(model: HostedModel, isRetry: boolean): Promise<void> {
    if (!this.isWanted || model.state === 'ready') return;
    if (model.state === 'failed' && !isRetry) throw model.failure;
    await this.#options.load(model);
  }

  /** The one that serves goes on, whatever comes of the other. */
  async #tryBeside(current: HostedModel, next: HostedModel, fingerprint: string): Promise<void> {
    try {
      await this.#options.load(next);
    } catch (failure) {
      this.#rejected.set(next.at.version, { fingerprint, failure });
      current.note = `Its files have changed and cannot be loaded; what was loaded before serves. ${tellable(failure)}`;
      throw failure;
    }
  }

  #host(
    name: string,
    { settings, version: listed }: Pick<ListedModel, 'settings'> & { version: ListedVersion },
  ): HostedModel {
    const { hosting, readGolden } = this.#options;
    const { version, modelPath, directory, goldenPath, task, labels } = listed;
    const at = { name, version, modelPath, directory, task, labels, readGolden: () => readGolden(goldenPath) };
    return new HostedModel(at, {
      ...hosting,
      maxBatchRows: settings.maxBatchRows ?? hosting.maxBatchRows,
      isProvenAtLoad: true,
    });
  }

  /** While a newer version fails, the older ones that serve stay. */
  #dropAllBut(wanted: ReadonlySet<string>, hasFailures: boolean): void {
    for (const [version, { model }] of this.#placed) {
      if (wanted.has(version) || (hasFailures && model.state === 'ready')) continue;
      this.#placed.delete(version);
      this.#options.library.remove(model);
      this.#options.retire(model);
    }
  }
}
