import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { ModelFailure } from '../model-failure.ts';
import type { ListedModel, Listing, ModelFolder, Refusal } from '../model-listing.ts';
import { FolderRefusal, checkEntry, readFolder } from './folder-files.ts';
import { ModelEntryReader } from './model-entry.ts';

/** How a model is named. */
const MODEL_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
/** A model that `fetch` put into its cache: served with --model-dir, not from a folder of models. */
const FETCHED = /^sha256-[a-f0-9]{64}$/;
const IGNORED = new Set(['lost+found']);
/** Models that are looked at side by side: more only queue up for Node's four threads. */
const AT_ONCE = 8;
const PLAIN = '.onnx';

/** One name in the folder, and the entries that claim it. */
interface Claim {
  name: string;
  entries: string[];
}

/**
 * Opens a folder of models. Layouts: `NAME.onnx`; `NAME/model.onnx`; `NAME/VERSION/model.onnx`. What looks like a
 * model and cannot be served is told with the reason; anything else in the folder is left alone.
 */
export function openModelFolder(directory: string): ModelFolder {
  const reader = new ModelEntryReader();
  const rootOf = () =>
    realpath(directory).catch((error: unknown) => {
      throw new ModelFailure('LoadFailed', 'The folder of models is not there, or cannot be read.', { cause: error });
    });
  return {
    scan: async () => {
      const root = await rootOf();
      const claims = claimsOf((await readFolder(root)).map(({ name }) => name));
      const listings: Listing[] = Array.from({ length: claims.length });
      const waiting = claims.entries();
      const work = async () => {
        for (const [at, claim] of waiting) listings[at] = await readClaim(reader, root, claim);
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));
      return joined(listings);
    },
    scanOne: async (name) => {
      const root = await rootOf();
      if (!MODEL_NAME.test(name)) return { models: [], refused: [] };
      const names = new Set((await readFolder(root)).map((entry) => entry.name));
      const entries = [name, `${name}${PLAIN}`].filter((entry) => names.has(entry));
      return readClaim(reader, root, { name, entries });
    },
  };
}

const joined = (listings: readonly Listing[]): Listing => ({
  models: listings.flatMap(({ models }) => models),
  refused: listings.flatMap(({ refused }) => refused),
});

function claimsOf(names: readonly string[]): Claim[] {
  const claims = new Map<string, string[]>();
  for (const entry of names) {
    if (entry.startsWith('.') || IGNORED.has(entry)) continue;
    const name = entry.endsWith(PLAIN) ? entry.slice(0, -PLAIN.length) : entry;
    claims.set(name, [...(claims.get(name) ?? []), entry]);
  }
  return [...claims].map(([name, entries]) => ({ name, entries }));
}

async function readClaim(reader: ModelEntryReader, root: string, { name, entries }: Claim): Promise<Listing> {
  const found: ListedModel[] = [];
  const refused: Refusal[] = [];
  for (const entry of entries) {
    try {
      const model = await readEntry(reader, { root, name, entry }, refused);
      if (model !== undefined) found.push(model);
    } catch (error) {
      if (!(error instanceof FolderRefusal)) throw error;
      refused.push({ name, version: '', reason: `"${shown(entry)}" ${error.message}.` });
    }
  }
  const [model, ...others] = found;
  if (model === undefined) return { models: [], refused };
  if (!MODEL_NAME.test(name))
    return { models: [], refused: [{ name: shown(name), version: '', reason: badName(name) }] };
  if (others.length === 0) return { models: [model], refused };
  const reason = `There is a folder "${name}" and a file "${name}${PLAIN}". Keep one of them.`;
  return { models: [], refused: [...refused, { name, version: '', reason }] };
}

interface Entry {
  root: string;
  name: string;
  entry: string;
}

/** A model, or undefined for what is none. */
async function readEntry(
  reader: ModelEntryReader,
  { root, name, entry }: Entry,
  refused: Refusal[],
): Promise<ListedModel | undefined> {
  const checked = await checkEntry(root, path.join(root, entry), entry).catch((error: unknown) => {
    // Of single files only models matter: a link to a text elsewhere is nobody's business.
    if (error instanceof FolderRefusal && !entry.endsWith(PLAIN) && entry.includes('.')) return undefined;
    throw error;
  });
  if (checked === undefined) return undefined;
  if (!checked.isFolder) return entry.endsWith(PLAIN) ? reader.readPlain(name, root, checked.file) : undefined;
  if (FETCHED.test(entry)) throw new FolderRefusal('is a fetched model; serve it with --model and --model-dir');
  return reader.readFolder(name, { root, directory: checked.realPath }, refused);
}

const shown = (name: string) => name.slice(0, 128);

const badName = (name: string) =>
  `The name ${JSON.stringify(name.slice(0, 128))} cannot be a model's: use 1 to 128 letters, digits, dots, dashes and underscores, the first a letter or digit.`;
