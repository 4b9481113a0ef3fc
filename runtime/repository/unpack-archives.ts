import { readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { ModelFailure } from '../model-failure.ts';
import { ByteBudget } from './counted-writer.ts';
import { unpackTar } from './unpack-tar.ts';

const ARCHIVE = /\.(tar|tar\.gz|tgz|tar\.zst)$/i;
const PACKED = '.archive';
/** Data sets may be collections of many small files. */
const MAX_ENTRIES = 1_000_000;

/** Puts the contents of the archives in a folder in their place. */
export async function unpackArchives(folder: string, maxBytes: number): Promise<void> {
  const names = await readdir(folder);
  const archives = names.filter((name) => ARCHIVE.test(name)).toSorted();
  if (archives.length === 0) {
    throw new ModelFailure(
      'ArtifactInvalid',
      `There is nothing to unpack: the source holds ${names.slice(0, 3).join(', ')}, and only .tar, .tar.gz, .tgz and .tar.zst are unpacked. Pack it so, or leave unpack out.`,
    );
  }
  const limits = { budget: new ByteBudget(maxBytes), maxEntries: MAX_ENTRIES };
  for (const name of archives) {
    const packed = path.join(folder, PACKED);
    await rename(path.join(folder, name), packed);
    await unpackTar(packed, folder, limits);
    await rm(packed);
  }
}
