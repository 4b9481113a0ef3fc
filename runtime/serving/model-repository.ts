import { messageOf } from '../error-shape.ts';
import { ApiError } from '../errors.ts';
import type { ListedModel, Listing, ModelFolder, Refusal } from '../model-listing.ts';
import type { Call } from './call.ts';
import type { Repository } from './data-plane.ts';
import { FolderWatch } from './folder-watch.ts';
import type { HostedModel } from './hosted-model.ts';
import { Library } from './library.ts';
import { MemoryBudget } from './memory-budget.ts';
import type { ShelfOptions } from './model-shelf.ts';
import { ModelShelf } from './model-shelf.ts';
import type { IndexEntry } from './plane.ts';
import { ModelPool } from './pool.ts';
import { retire } from './retire.ts';
import { Slots } from './slots.ts';

/** What is loaded when: all at the start; all, and again what changes; what clients ask for; what requests need. */
type ControlMode = 'none' | 'poll' | 'explicit' | 'on-demand';

/** How a folder of models is served. */
export interface ModelRepositoryOptions extends Pick<ShelfOptions, 'hosting' | 'policy' | 'readGolden'> {
  folder: ModelFolder;
  mode: ControlMode;
  /** Whether clients may load and unload. */
  isOpen: boolean;
  /** Whether the server is ready only when every model is. */
  isStrict: boolean;
  /** Loaded at the start in the mode `explicit`; `*` stands for all. */
  loadModels: readonly string[];
  /** How often the folder is looked at in the mode `poll`, and in `on-demand` when it is given. */
  pollMs?: number | undefined;
  /** How long files have to stay the same before they are taken for whole. */
  stableMs: number;
  /** In the mode `on-demand`, what all models together may take. */
  memoryBudgetBytes?: number | undefined;
  /** In the mode `on-demand`, after how long without a request a model is unloaded. */
  idleUnloadMs?: number | undefined;
  loadsAtOnce: number;
  onEvent: (event: { what: string; model?: string; version?: string; detail?: string; error?: unknown }) => void;
}

/** Serves a folder of models: decides what is loaded, and when. */
export class ModelRepository implements Repository {
  readonly library = new Library();
  readonly isOpen: boolean;
  readonly #options: ModelRepositoryOptions;
  readonly #pool: ModelPool;
  readonly #watch: FolderWatch;
  readonly #shelves = new Map<string, ModelShelf>();
  readonly #refused = new Map<string, readonly Refusal[]>();
  /** One change at a time for each name. */
  readonly #lanes = new Map<string, Slots>();
  #isStarted = false;

  constructor(options: ModelRepositoryOptions) {
    this.#options = options;
    this.isOpen = options.isOpen;
    const { memoryBudgetBytes, hosting, mode, idleUnloadMs, loadsAtOnce } = options;
    const overhead = async () => (await hosting.engine.memoryBytes?.()) ?? 0;
    this.#pool = new ModelPool({
      models: () => this.library.all(),
      isPinned: ({ at }) => mode !== 'on-demand' || this.#shelves.get(at.name)?.isPinned === true,
      budget:
        memoryBudgetBytes === undefined || mode !== 'on-demand'
          ? undefined
          : new MemoryBudget(memoryBudgetBytes, overhead),
      idleUnloadMs,
      loadsAtOnce,
      onEvent: ({ at: { name, version } }, event) => options.onEvent({ model: name, version, ...event }),
    });
    this.#watch = new FolderWatch({
      scan: () => options.folder.scan(),
      stableMs: options.stableMs,
      pollMs: options.pollMs,
      onFailure: (error) => options.onEvent({ what: 'folder cannot be looked at', detail: messageOf(error), error }),
    });
  }

  /** Looks at the folder and loads what the mode says. What cannot be loaded is in the index with the reason. */
  async start(): Promise<void> {
    const listing = this.#watch.accept(await this.#options.folder.scan());
    this.#keepRefused(listing.refused);
    for (const model of listing.models) this.#shelve(model);
    await Promise.all(listing.models.map((model) => this.#update(model, false)));
    this.#tellMissing();
    this.#isStarted = true;
    this.#pool.start();
    this.#watch.start((names, now) => this.#follow(names, now));
  }

  /** Stops looking, and unloads everything. */
  async stop(): Promise<void> {
    this.#watch.stop();
    this.#pool.stop();
    // First the engine: a model that is still being loaded would be waited for otherwise.
    this.#options.hosting.engine.close?.();
    await Promise.all(this.library.all().map((model) => model.unload()));
  }

  /** Looks at the folder now. */
  look(): Promise<void> {
    return this.#watch.look((names, now) => this.#follow(names, now));
  }

  /** Unloads now what has been idle for too long, or has no room. */
  tidy(): Promise<void> {
    return this.#pool.tidy();
  }

  async load(name: string): Promise<void> {
    const listing = await this.#options.folder.scanOne(name);
    this.#watch.acceptOne(name, listing);
    this.#refused.set(name, listing.refused);
    const [model] = listing.models;
    if (model === undefined) throw notInFolder(name, listing.refused);
    const shelf = this.#shelve(model);
    shelf.isWanted = true;
    const [failure] = await this.#update(model, true);
    // Loaded on demand, it may go again when others need the room.
    if (this.#options.mode === 'on-demand') shelf.isWanted = shelf.isPinned;
    if (failure !== undefined) throw failure;
  }

  async unload(name: string): Promise<void> {
    const shelf = this.#shelves.get(name);
    if (shelf === undefined) this.library.find({ name });
    await this.#inLane(name, async () => shelf?.unload());
  }

  ensure(model: HostedModel, call?: Call): Promise<void> | undefined {
    return this.#options.mode === 'on-demand' ? this.#pool.ensure(model, call) : undefined;
  }

  /** True for a model that is not loaded and will be when it is asked for. */
  isLoadedOnDemand({ state }: HostedModel): boolean {
    return this.#options.mode === 'on-demand' && (state === 'unloaded' || state === 'loading');
  }

  /** The models that have to answer for the server to be ready. */
  required(): readonly HostedModel[] {
    if (!this.#isStarted) throw new ApiError('NotReady', 'The models are still being loaded.');
    const names = this.library.names().map((name) => this.library.versions(name));
    const ready = names.flatMap((versions) => versions.filter(({ state }) => state === 'ready'));
    if (!this.#options.isStrict) return ready;
    const [refused] = this.unavailable();
    if (refused !== undefined) throw new ApiError('NotReady', `"${refused.name}" is not served: ${refused.reason}`);
    const lame = names.filter((versions) => versions.every(({ state }) => state !== 'ready'));
    return [
      ...ready,
      ...lame.flatMap((versions) => versions.filter(({ state }) => state === 'failed' || state === 'loading')),
    ];
  }

  unavailable(): IndexEntry[] {
    const all = [...this.#refused.values()].flat();
    return all.map(({ name, version, reason }) => ({ name, version, state: 'UNAVAILABLE', reason }));
  }

  /** Follows what has changed in the folder, one name after another. */
  async #follow(names: readonly string[], { models, refused }: Listing): Promise<void> {
    this.#keepRefused(refused);
    for (const name of names) {
      const model = models.find((other) => other.name === name);
      if (model !== undefined) {
        this.#shelve(model);
        await this.#update(model, false);
      } else if (!refused.some((other) => other.name === name)) await this.#remove(name);
    }
  }

  #keepRefused(refused: readonly Refusal[]): void {
    this.#refused.clear();
    for (const one of refused) this.#refused.set(one.name, [...(this.#refused.get(one.name) ?? []), one]);
  }

  #shelve({ name, settings, ignored }: ListedModel): ModelShelf {
    const known = this.#shelves.get(name);
    if (known !== undefined) return known;
    for (const file of ignored) this.#options.onEvent({ what: 'file is not read', model: name, detail: file });
    const { mode, loadModels, hosting, policy, readGolden } = this.#options;
    const isAsked = loadModels.includes('*') || loadModels.includes(name);
    const isWanted = { none: true, poll: true, explicit: isAsked, 'on-demand': settings.isPinned }[mode];
    const load = (model: HostedModel) => this.#pool.load(model);
    const options = {
      library: this.library,
      hosting,
      policy,
      readGolden,
      load,
      retire: (model: HostedModel) => this.#retire(model),
    };
    const shelf = new ModelShelf(options, isWanted);
    this.#shelves.set(name, shelf);
    return shelf;
  }

  async #update(model: ListedModel, isRetry: boolean): Promise<unknown[]> {
    const { name } = model;
    const broken = (this.#refused.get(name) ?? []).map(({ version }) => version);
    return this.#inLane(name, async () => (await this.#shelves.get(name)?.update(model, { isRetry, broken })) ?? []);
  }

  #remove(name: string): Promise<void> {
    return this.#inLane(name, async () => {
      this.#shelves.get(name)?.clear();
      this.#shelves.delete(name);
      this.#options.onEvent({ what: 'model removed', model: name });
    });
  }

  #inLane<T>(name: string, work: () => Promise<T>): Promise<T> {
    const lane = this.#lanes.get(name) ?? new Slots(1);
    this.#lanes.set(name, lane);
    return lane.run(work);
  }

  #retire(model: HostedModel): void {
    const { name, version } = model.at;
    retire(model, (held) => this.#pool.isHeld(held)).catch((error: unknown) =>
      this.#options.onEvent({
        what: 'model cannot be unloaded',
        model: name,
        version,
        detail: messageOf(error),
        error,
      }),
    );
  }

  /** Models that the command line names and the folder lacks. */
  #tellMissing(): void {
    for (const name of this.#options.loadModels) {
      if (name === '*' || this.#shelves.has(name)) continue;
      const reason = 'The folder holds no such model, but --load-model names it.';
      this.#refused.set(name, [...(this.#refused.get(name) ?? []), { name, version: '', reason }]);
    }
  }
}

function notInFolder(name: string, [refusal]: readonly Refusal[]): ApiError {
  if (refusal !== undefined) return new ApiError('LoadFailed', refusal.reason);
  return new ApiError('UnknownModel', `The folder of models holds no model ${JSON.stringify(name.slice(0, 128))}.`);
}
