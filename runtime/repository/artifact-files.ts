import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { codeOf } from '../error-shape.ts';
import { PublishFailure } from '../publish-failure.ts';
import type { ArtifactFile } from './oci-artifact.ts';
import { safeRelativePath } from './safe-path.ts';

/** What fetching takes of one artifact. */
const MAX_FILES = 1000;

/** All files of a folder that are not hidden, by name. Links to files inside it are followed; its folders are published once. */
export async function listArtifactFiles(folder: string): Promise<ArtifactFile[]> {
  const root = await realpath(folder).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (root === undefined) return [];
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files: ArtifactFile[] = [];
  for (const entry of entries) {
    const name = path.relative(root, path.join(entry.parentPath, entry.name));
    const isHidden = name.split(path.sep).some((step) => step.startsWith('.'));
    if (isHidden || entry.isDirectory()) continue;
    const found = await findFile(root, name);
    if (found !== undefined) files.push({ name: checkedName(name), path: found });
  }
  if (files.length > MAX_FILES) {
    throw new PublishFailure(
      'PublishFailed',
      `The program wrote ${files.length} files, and an artifact holds at most ${MAX_FILES}. Write fewer, or pack them into a .tar.`,
    );
  }
  return files.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

async function findFile(root: string, name: string): Promise<string | undefined> {
  const target = await realpath(path.join(root, name)).catch((error: unknown) => {
    throw new PublishFailure('PublishFailed', `"${name}" in the output cannot be read, or is a link to nothing.`, {
      cause: error,
    });
  });
  if (!target.startsWith(root + path.sep) && target !== root) {
    throw new PublishFailure(
      'PublishFailed',
      `"${name}" in the output is a link that leads out of it. Write a copy of the file in its place.`,
    );
  }
  const found = await stat(target);
  if (found.isDirectory()) return undefined;
  if (found.isFile()) return target;
  throw new PublishFailure('PublishFailed', `"${name}" in the output is no plain file. Write plain files only.`);
}

/** A name that could not be fetched again is refused before anything is sent. */
function checkedName(name: string): string {
  try {
    return safeRelativePath(name);
  } catch (error) {
    throw new PublishFailure(
      'PublishFailed',
      `The output holds a file named ${JSON.stringify(name.slice(0, 100))}, which cannot be published. Use plain names.`,
      { cause: error },
    );
  }
}
