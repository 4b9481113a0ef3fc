import { createHash } from 'node:crypto';

/** A file that was fetched: its name inside the model, and `sha256:…` of its bytes. */
export interface FetchedFile {
  name: string;
  digest: string;
}

/**
 * The digest of a model that came as files: of the file itself when there is only one, else of the list of them as
 * `sha256sum` prints it, sorted by the bytes of the names. So it can be computed with two commands that everybody has:
 * `find . -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum`.
 */
export function digestOfFiles(files: readonly FetchedFile[]): string {
  const [only, ...more] = files;
  if (only !== undefined && more.length === 0) return only.digest;
  const sorted = files.toSorted((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  const list = sorted.map(({ name, digest }) => `${digest.replace('sha256:', '')}  ${name}\n`).join('');
  return `sha256:${createHash('sha256').update(list).digest('hex')}`;
}
