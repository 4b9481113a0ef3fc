import path from 'node:path';
import { ModelFailure } from '../model-failure.ts';
import type { FetchedFile } from './files-digest.ts';
import { digestOfFiles } from './files-digest.ts';
import type { ChosenFile } from './hub-choice.ts';
import type { HubSource } from './hub-source.ts';
import { downloadFile, expectBytes } from './hub-source.ts';
import { safeRelativePath } from './safe-path.ts';

/** Downloads all files that the URI names, all from one commit, and gives the digest of the files. */
export async function fetchHubData(source: HubSource, directory: string): Promise<string> {
  const chosen = chooseData(source);
  expectBytes(source, chosen);
  const fetched: FetchedFile[] = [];
  for (const one of chosen) fetched.push(await downloadFile(source, one, directory));
  return digestOfFiles(fetched);
}

/** The file that the path names, else all below it; not what git keeps for itself. */
function chooseData({ revision: { files }, uri }: HubSource): ChosenFile[] {
  const exact = files.find(({ name }) => name === uri.path);
  if (exact !== undefined) return [{ file: exact, name: safeRelativePath(path.posix.basename(exact.name)) }];
  const prefix = uri.path === '' ? '' : `${uri.path}/`;
  const found = files.filter(({ name }) => name.startsWith(prefix) && !path.posix.basename(name).startsWith('.git'));
  if (found.length === 0) {
    throw new ModelFailure(
      'SourceNotFound',
      `${uri.repository} has no file or folder "${uri.path}". Check spec.source.uri.`,
    );
  }
  return found.map((file) => ({ file, name: safeRelativePath(file.name.slice(prefix.length)) }));
}
