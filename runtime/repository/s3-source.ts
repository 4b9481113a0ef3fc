import path from 'node:path';
import { Readable } from 'node:stream';
import { codeOf } from '../error-shape.ts';
import { ModelFailure } from '../model-failure.ts';
import type { ByteBudget } from './counted-writer.ts';
import type { Patience } from './download.ts';
import { download } from './download.ts';
import type { FetchedFile } from './files-digest.ts';
import { digestOfFiles } from './files-digest.ts';
import type { HttpReply } from './http-client.ts';
import { hasChanged, isEmpty, isNoSuchKey } from './s3-failure.ts';
import type { S3Store } from './s3-store.ts';
import type { S3Uri } from './s3-uri.ts';
import { safeRelativePath } from './safe-path.ts';

/** An object, or the objects below a prefix. */
export interface S3Source {
  uri: S3Uri;
  store: S3Store;
  /** Keep the name of a single object. */
  isData?: boolean;
  budget: ByteBudget;
  signal?: AbortSignal | undefined;
  patience?: Patience;
}

interface StoredObject {
  key: string;
  /** Its name in the model's folder. */
  name: string;
  sizeBytes: number;
}

/** Downloads what the URI names and gives its digest: of the file, or of the list of files. */
export async function fetchS3(source: S3Source, directory: string): Promise<string> {
  const objects = await findObjects(source);
  source.budget.expect(objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
  const files: FetchedFile[] = [];
  for (const object of objects) files.push(await downloadObject(source, object, directory));
  return digestOfFiles(files);
}

/** A key that exists is a file, whatever lies below a prefix of the same name. */
async function findObjects(source: S3Source): Promise<StoredObject[]> {
  const { key, bucket, versionId } = source.uri;
  const single = key.endsWith('/') ? undefined : await findObject(source);
  if (single !== undefined) return [single];
  const prefix = key.endsWith('/') ? key : `${key}/`;
  const found = versionId === undefined ? await listBelow(source.store, prefix) : [];
  if (found.length > 0) return found;
  const nothing = versionId === undefined ? `, and nothing below "${prefix}"` : '';
  throw new ModelFailure(
    'SourceNotFound',
    `There is no object "${key}" in the bucket "${bucket}"${nothing}. Check spec.source.uri.`,
  );
}

async function findObject({ uri, store, isData = false }: S3Source): Promise<StoredObject | undefined> {
  const name = isData ? safeRelativePath(path.posix.basename(uri.key)) : 'model.onnx';
  try {
    // Asked for, not HEAD: an answer to HEAD has no body, so it could not say why it refuses.
    const part = await store.openObject({ key: uri.key, versionId: uri.versionId, range: 'bytes=0-0' });
    await bodyOf(part.Body).dump();
    const total = Number(/\/(\d+)$/.exec(part.ContentRange ?? '')?.[1] ?? part.ContentLength ?? 0);
    return { key: uri.key, name, sizeBytes: total };
  } catch (error) {
    if (isNoSuchKey(error)) return undefined;
    if (isEmpty(error)) return { key: uri.key, name, sizeBytes: 0 };
    throw error;
  }
}

async function listBelow(store: S3Store, prefix: string): Promise<StoredObject[]> {
  const list = await store.listObjects(prefix);
  if (list.IsTruncated === true) {
    throw new ModelFailure(
      'ArtifactInvalid',
      `There are more than 1000 objects below "${prefix}". Give a prefix that holds what is meant and nothing else.`,
    );
  }
  return (list.Contents ?? [])
    .map(({ Key: key = '', Size: sizeBytes = 0 }) => ({ key, sizeBytes }))
    .filter(({ key }) => key.startsWith(prefix) && !key.endsWith('/'))
    .map(({ key, sizeBytes }) => ({ key, sizeBytes, name: safeRelativePath(key.slice(prefix.length)) }));
}

async function downloadObject(source: S3Source, object: StoredObject, directory: string): Promise<FetchedFile> {
  const { store, uri, budget, signal, patience } = source;
  const { digest } = await download({
    open: (headers) => openFrom(store, { key: object.key, versionId: uri.versionId }, headers),
    filePath: path.join(directory, object.name),
    budget,
    what: `"${object.key}" of the bucket "${uri.bucket}" at ${store.host}`,
    signal,
    ...(patience && { patience }),
  }).catch((error: unknown) => {
    throw describeClash(error, object.key);
  });
  return { name: object.name, digest };
}

/** In a store "a" and "a/b" can both be objects; in a folder they cannot. */
function describeClash(error: unknown, key: string): unknown {
  const isClash = ['EEXIST', 'ENOTDIR', 'EISDIR'].includes(codeOf(error) ?? '');
  if (!isClash) return error;
  return new ModelFailure(
    'ArtifactInvalid',
    `"${key}" cannot be placed: another object has its name as a folder. Rename one.`,
  );
}

/** S3 has no If-Range: a part is asked for under If-Match, and the whole when the object has changed. */
async function openFrom(
  store: S3Store,
  object: { key: string; versionId: string | undefined },
  headers: Record<string, string>,
): Promise<HttpReply> {
  const { range, 'if-range': ifMatch } = headers;
  if (range !== undefined) {
    try {
      return asReply(store, await store.openObject({ ...object, range, ifMatch }));
    } catch (error) {
      if (!hasChanged(error)) throw error;
    }
  }
  return asReply(store, await store.openObject(object));
}

type Opened = Awaited<ReturnType<S3Store['openObject']>>;

/** The library's answer in the words of downloads. */
const asReply = (store: S3Store, opened: Opened): HttpReply => ({
  status: opened.$metadata.httpStatusCode ?? 200,
  headers: {
    etag: opened.ETag,
    'content-length': opened.ContentLength?.toString(),
    'content-range': opened.ContentRange,
    // Some stores keep the framing of the upload as if it were the object's.
    'content-encoding': opened.ContentEncoding === 'aws-chunked' ? undefined : opened.ContentEncoding,
  },
  body: bodyOf(opened.Body),
  url: new URL(`https://${store.host}`),
});

function bodyOf(body: Opened['Body']): HttpReply['body'] {
  if (body instanceof Readable) return body as Readable as HttpReply['body'];
  throw new ModelFailure('SourceUnreachable', 'The S3 store gave an answer without a body. It is tried again.');
}
