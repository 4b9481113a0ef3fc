import { randomUUID } from 'node:crypto';
import { chmod, mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describeStorageFailure } from './counted-writer.ts';
import { codeOf } from '../error-shape.ts';

const CONTENTS = '.contents.json';
const STAGING_PREFIX = '.staging-';
/** Left behind by a pod that was killed in the middle; no download takes this long. */
const STALE_STAGING_MS = 24 * 3600 * 1000;

/** What a cached model consists of: file sizes by relative path, written when it was complete. */
interface Contents {
  files: Record<string, number>;
}

/** A model in the cache. */
export interface CachedModel {
  path: string;
  sizeBytes: number;
}

/** Where a model with this digest lies in the cache. */
const modelDirectory = (into: string, digest: string) => path.join(into, digest.replace(':', '-'));

/** The model with this digest when it is whole in the cache. */
export async function findCached(into: string, digest: string): Promise<CachedModel | undefined> {
  const directory = modelDirectory(into, digest);
  let contents: Contents;
  try {
    contents = JSON.parse(await readFile(path.join(directory, CONTENTS), 'utf8')) as Contents;
  } catch {
    return undefined;
  }
  const { files } = contents;
  return (await hasFiles(directory, files)) ? { path: directory, sizeBytes: totalOf(files) } : undefined;
}

/** Whether these files are in a directory, with these sizes. */
export async function hasFiles(directory: string, files: Readonly<Record<string, number>>): Promise<boolean> {
  const sizes = await Promise.all(
    Object.keys(files).map((name) =>
      stat(path.join(directory, name)).then(
        ({ size }) => size,
        () => -1,
      ),
    ),
  );
  return Object.values(files).every((size, index) => size === sizes[index]);
}

/** Bytes of all files together. */
export const totalOf = (files: Readonly<Record<string, number>>): number =>
  Object.values(files).reduce((sum, size) => sum + size, 0);

/** Runs `fill` with a new empty directory beside the models, and takes it away when `fill` fails. */
export const withStaging = <T>(into: string, fill: (staging: string) => Promise<T>): Promise<T> =>
  withFolder(path.join(into, `${STAGING_PREFIX}${randomUUID()}`), fill);

/** Runs `fill` with a new empty directory, and takes away what is left of it. */
export async function withFolder<T>(staging: string, fill: (staging: string) => Promise<T>): Promise<T> {
  try {
    await mkdir(staging, { recursive: true });
    return await fill(staging);
  } catch (error) {
    throw describeStorageFailure(error);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** Takes away what killed pods left behind. */
export async function removeStaleStaging(into: string): Promise<void> {
  const names = await readdir(into).catch(() => []);
  for (const name of names.filter((entry) => entry.startsWith(STAGING_PREFIX))) {
    const directory = path.join(into, name);
    const age = await stat(directory).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (age > STALE_STAGING_MS) await rm(directory, { recursive: true, force: true });
  }
}

/** Makes a staged model the cached one by one rename. A whole copy that another pod put there is kept, a broken one replaced. */
export async function publishStaged(into: string, staging: string, digest: string): Promise<CachedModel> {
  const files = await sealFiles(staging);
  await writeFile(path.join(staging, CONTENTS), JSON.stringify({ files } satisfies Contents), { mode: 0o444 });
  const target = modelDirectory(into, digest);
  if (!(await tryRename(staging, target))) {
    const existing = await findCached(into, digest);
    if (existing !== undefined) return existing;
    await rm(target, { recursive: true, force: true });
    await rename(staging, target);
  }
  return { path: target, sizeBytes: totalOf(files) };
}

/** False when there is a directory of that name already. */
async function tryRename(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOTEMPTY' || codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Makes every file read-only and not executable, and lists the sizes. */
export async function sealFiles(directory: string): Promise<Record<string, number>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => path.join(parentPath, name));
  const sizes: Record<string, number> = {};
  for (const file of files.toSorted()) {
    await chmod(file, 0o444);
    sizes[path.relative(directory, file)] = (await stat(file)).size;
  }
  return sizes;
}

/** What `fetched.json` says: which model the last fetch into this directory was for. */
export interface Fetched {
  digest: string;
  path: string;
  sizeBytes: number;
  /** The source by a name that does not move, where it has one. */
  resolvedUri?: string;
}

/** Writes `fetched.json` by one rename, so that no reader sees half of it. */
export async function writeFetched(into: string, fetched: Fetched): Promise<void> {
  const temporary = path.join(into, `.fetched-${randomUUID()}`);
  await writeFile(temporary, JSON.stringify(fetched)).catch((error: unknown) => {
    throw describeStorageFailure(error);
  });
  await rename(temporary, path.join(into, 'fetched.json'));
}

/** Reads what the last fetch left. */
export async function readFetched(into: string): Promise<Fetched> {
  return JSON.parse(await readFile(path.join(into, 'fetched.json'), 'utf8')) as Fetched;
}
