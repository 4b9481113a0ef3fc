import { setTimeout as delay } from 'node:timers/promises';
import type { ListedModel, Listing, Refusal } from '../model-listing.ts';

/** How a folder is watched. */
export interface FolderWatchOptions {
  scan: () => Promise<Listing>;
  /** How long a change has to last before it is followed: files are copied piece by piece. */
  stableMs: number;
  /** Undefined to look only when told. */
  pollMs?: number | undefined;
  onFailure: (error: unknown) => void;
}

/** Told which names have changed, and what the folder holds now. */
export type Follow = (names: readonly string[], now: Listing) => Promise<void>;

/** Notices what changes in a folder of models, once it has come to rest. */
export class FolderWatch {
  readonly #options: FolderWatchOptions;
  #seen = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #isStopped = false;

  constructor(options: FolderWatchOptions) {
    this.#options = options;
  }

  /** Takes note of what is known already. */
  accept(listing: Listing): Listing {
    this.#seen = marksOf(listing);
    return listing;
  }

  /** Takes note of one name. */
  acceptOne(name: string, listing: Listing): void {
    const mark = marksOf(listing).get(name);
    if (mark === undefined) this.#seen.delete(name);
    else this.#seen.set(name, mark);
  }

  /** Looks again and again. */
  start(follow: Follow): void {
    const { pollMs, onFailure } = this.#options;
    if (pollMs === undefined || this.#isStopped) return;
    this.#timer = setTimeout(() => {
      this.look(follow)
        .catch(onFailure)
        .finally(() => this.start(follow));
    }, pollMs).unref();
  }

  /** Stops looking. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  /** Looks once; looks at the same time are one. */
  look(follow: Follow): Promise<void> {
    this.#looking ??= this.#look(follow).finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #look(follow: Follow): Promise<void> {
    const before = marksOf(await this.#options.scan());
    if (this.#changed(before).length === 0) return;
    await delay(this.#options.stableMs);
    const listing = await this.#options.scan();
    const now = marksOf(listing);
    // What still moves is looked at the next time.
    const names = this.#changed(now).filter((name) => before.get(name) === now.get(name));
    if (names.length === 0 || this.#isStopped) return;
    for (const name of names) {
      const mark = now.get(name);
      if (mark === undefined) this.#seen.delete(name);
      else this.#seen.set(name, mark);
    }
    await follow(names, listing);
  }

  #changed(now: ReadonlyMap<string, string>): string[] {
    return [...new Set([...now.keys(), ...this.#seen.keys()])].filter((name) => now.get(name) !== this.#seen.get(name));
  }
}

/** What tells one state of a model's files from another. */
function marksOf({ models, refused }: Listing): Map<string, string> {
  const marks = new Map<string, string>();
  const add = (name: string, mark: string) => marks.set(name, `${marks.get(name) ?? ''}${mark}\n`);
  for (const model of models) add(model.name, markOf(model));
  for (const refusal of refused) add(refusal.name, reasonOf(refusal));
  return marks;
}

const markOf = ({ settings, versions }: ListedModel): string =>
  [JSON.stringify(settings), ...versions.map(({ version, fingerprint }) => `${version} ${fingerprint}`)].join('\n');

const reasonOf = ({ version, reason }: Refusal): string => `${version} ${reason}`;
