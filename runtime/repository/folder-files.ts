import type { BigIntStats, Dirent } from 'node:fs';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { codeOf } from '../error-shape.ts';

/** Folders below a model's own that are looked into, and the most files that one model may have. */
const MAX_DEPTH = 3;
const MAX_FILES = 2000;

/** A file of a model. */
export interface FolderFile {
  /** Relative to the folder that was asked for. */
  name: string;
  /** With all links followed. */
  realPath: string;
  size: number;
  /** Differs when the file was changed or replaced. */
  mark: string;
}

/** Why a file or folder cannot be used; the message is fit for people. */
export class FolderRefusal extends Error {}

/** Which entries at the top are left out. */
export type Skip = (name: string) => boolean;

/** All files of a model's folder that are not hidden. Refuses what leads out of the root or has a second name elsewhere. */
export async function listFiles(root: string, directory: string, skip: Skip = () => false): Promise<FolderFile[]> {
  const files: FolderFile[] = [];
  await walk({ root, directory, skip, files }, '', 0);
  return files.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

interface Walk {
  root: string;
  directory: string;
  skip: Skip;
  files: FolderFile[];
}

async function walk(job: Walk, below: string, depth: number): Promise<void> {
  for (const entry of await readFolder(path.join(job.directory, below))) {
    if (entry.name.startsWith('.') || (depth === 0 && job.skip(entry.name))) continue;
    const name = path.join(below, entry.name);
    const checked = await checkEntry(job.root, path.join(job.directory, name), name);
    if (checked.isFolder) {
      if (depth < MAX_DEPTH) await walk(job, name, depth + 1);
    } else job.files.push(checked.file);
    if (job.files.length > MAX_FILES)
      throw new FolderRefusal(`holds more than ${MAX_FILES} files; a model has a folder of its own`);
  }
}

/** The entries of a folder, by name. */
export async function readFolder(directory: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    throw new FolderRefusal(`cannot be read (${codeOf(error) ?? 'unknown cause'})`, { cause: error });
  }
}

/** What one entry is, once all links are followed. */
export type CheckedEntry = { isFolder: true; realPath: string } | { isFolder: false; file: FolderFile };

/** Looks at an entry: links have to stay inside the root, files have to be plain ones with one name. */
export async function checkEntry(root: string, entryPath: string, name: string): Promise<CheckedEntry> {
  const shown = JSON.stringify(name.slice(0, 100));
  const { realPath, found } = await follow(root, entryPath, shown);
  if (found.isDirectory()) return { isFolder: true, realPath };
  if (!found.isFile()) throw new FolderRefusal(`holds ${shown}, which is no plain file`);
  if (found.nlink > 1n) throw new FolderRefusal(`holds ${shown}, which is a hard link; copy the file instead`);
  const mark = [name, found.size, found.mtimeNs, found.ctimeNs, found.ino, found.dev].join(':');
  return { isFolder: false, file: { name, realPath, size: Number(found.size), mark } };
}

async function follow(
  root: string,
  entryPath: string,
  shown: string,
): Promise<{ realPath: string; found: BigIntStats }> {
  try {
    const found = await lstat(entryPath, { bigint: true });
    if (!found.isSymbolicLink()) return { realPath: entryPath, found };
    const realPath = await realpath(entryPath);
    if (!realPath.startsWith(root + path.sep))
      throw new FolderRefusal(`holds ${shown}, a link that leads out of the folder of models`);
    return { realPath, found: await stat(realPath, { bigint: true }) };
  } catch (error) {
    if (error instanceof FolderRefusal) throw error;
    const why =
      codeOf(error) === 'ENOENT' ? 'leads to nothing' : `cannot be read (${codeOf(error) ?? 'unknown cause'})`;
    throw new FolderRefusal(`holds ${shown}, which ${why}`, { cause: error });
  }
}
