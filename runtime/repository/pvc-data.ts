import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { ModelFailure } from '../model-failure.ts';
import type { FetchedFile } from './files-digest.ts';
import { digestOfFiles } from './files-digest.ts';
import type { PvcSource } from './pvc-source.ts';
import { copyPlainFile, describeAccess, mountOf, resolveInside } from './pvc-source.ts';
import { safeRelativePath } from './safe-path.ts';

const MAX_FILES = 100_000;

/** Copies a file under its own name, or all files of a folder, and gives the digest of what was copied. */
export async function fetchPvcData(source: PvcSource, directory: string): Promise<string> {
  const target = await resolveInside(mountOf(source), source.path);
  const names = (await stat(target)).isDirectory() ? await listFolder(source, target) : undefined;
  if (names === undefined) {
    const name = safeRelativePath(path.posix.basename(source.path));
    return copyPlainFile(source, target, path.join(directory, name));
  }
  const files: FetchedFile[] = [];
  for (const name of names) {
    const digest = await copyPlainFile(source, path.join(target, name), path.join(directory, name));
    files.push({ name, digest });
  }
  return digestOfFiles(files);
}

/** All plain files below a folder. Links are refused: what they lead to may change, or lie outside. */
async function listFolder({ path: shown }: PvcSource, folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    throw describeAccess(error, shown);
  });
  const others = entries.filter((entry) => !entry.isDirectory());
  const odd = others.find((entry) => !entry.isFile());
  if (odd !== undefined) {
    throw new ModelFailure(
      'SourceRefused',
      `The folder "${shown}" in the claim holds "${odd.name}", which is no plain file. Give a folder of plain files.`,
    );
  }
  if (others.length === 0) {
    throw new ModelFailure('SourceNotFound', `The folder "${shown}" in the claim holds no files.`);
  }
  if (others.length > MAX_FILES) {
    throw new ModelFailure(
      'ArtifactInvalid',
      `The folder "${shown}" in the claim holds more than ${MAX_FILES} files. Pack them into a .tar, and set unpack.`,
    );
  }
  return others.map(({ parentPath, name }) => safeRelativePath(path.relative(folder, path.join(parentPath, name))));
}
