import { randomUUID } from 'node:crypto';
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ModelFailure } from '../model-failure.ts';
import { hasFiles, sealFiles, totalOf, withFolder } from './cache.ts';
import type { FetchRequest, FetchResult } from './fetch.ts';
import { assertDigest, openSource, wantedDigest } from './open-source.ts';
import { placeModel } from './place-model.ts';
import type { Prepared } from './prepare-source.ts';
import { parseSourceUri } from './source-uri.ts';
import { unpackArchives } from './unpack-archives.ts';

const RECORD = '.fetched.json';

/** What is fetched into a folder of its own. */
export interface FolderRequest extends FetchRequest {
  /** Unpack the archives that are fetched, and keep only what was in them. */
  unpack?: boolean;
}

/** What `.fetched.json` says of the folder that it is in. */
interface FolderRecord {
  uri: string;
  digest: string;
  unpacked: boolean;
  resolvedUri?: string;
  files: Record<string, number>;
}

/** Brings a source into a folder of exactly this name, by one rename. A folder that has it already is left as it is. */
export async function fetchFolder(request: FolderRequest): Promise<FetchResult> {
  const source = parseSourceUri(request.uri);
  const wanted = wantedDigest(request, source);
  const there = await findWhole(request, wanted);
  if (there !== undefined) return describe(there, true);
  await mkdir(path.dirname(request.into), { recursive: true });
  const prefix = `.staging-${path.basename(request.into)}-`;
  await removeLeftovers(path.dirname(request.into), prefix);
  const staging = path.join(path.dirname(request.into), `${prefix}${randomUUID()}`);
  return openSource(source, request, (prepared) =>
    withFolder(staging, async () => {
      const record = await fillFolder(request, prepared, { staging, wanted });
      await placeFolder(staging, request.into);
      return describe(record, false);
    }),
  );
}

const describe = ({ digest, files, resolvedUri }: FolderRecord, cached: boolean): FetchResult => ({
  digest,
  sizeBytes: totalOf(files),
  cached,
  ...(resolvedUri !== undefined && { resolvedUri }),
});

/** The record of the folder when it holds what is wanted, whole. */
async function findWhole(request: FolderRequest, wanted: string | undefined): Promise<FolderRecord | undefined> {
  const names = await readdir(request.into).catch((): string[] => []);
  if (names.length === 0) return undefined;
  if (!names.includes(RECORD)) {
    throw new ModelFailure(
      'ArtifactInvalid',
      `The folder "${path.basename(request.into)}" that is to be filled holds other files (${names.slice(0, 3).join(', ')}). Empty it.`,
    );
  }
  const record = await readRecord(request.into);
  if (record === undefined || !isAnswer(record, request, wanted)) return undefined;
  return (await hasFiles(request.into, record.files)) ? record : undefined;
}

const isAnswer = (record: FolderRecord, { uri, unpack = false }: FolderRequest, wanted: string | undefined): boolean =>
  record.uri === uri && record.unpacked === unpack && (wanted === undefined || record.digest === wanted);

const readRecord = (folder: string): Promise<FolderRecord | undefined> =>
  readFile(path.join(folder, RECORD), 'utf8').then(
    (text) => JSON.parse(text) as FolderRecord,
    () => undefined,
  );

interface Place {
  staging: string;
  wanted: string | undefined;
}

async function fillFolder(request: FolderRequest, prepared: Prepared, { staging, wanted }: Place) {
  if (prepared.digest !== undefined) assertDigest(prepared.digest, wanted);
  const digest = await prepared.fill(staging);
  assertDigest(digest, wanted);
  if (request.isData !== true) await placeModel(staging);
  if (request.unpack === true) await unpackArchives(staging, request.maxBytes);
  const { resolvedUri } = prepared;
  const record: FolderRecord = {
    uri: request.uri,
    digest,
    unpacked: request.unpack ?? false,
    ...(resolvedUri !== undefined && { resolvedUri }),
    files: await sealFiles(staging),
  };
  await writeFile(path.join(staging, RECORD), JSON.stringify(record), { mode: 0o444 });
  return record;
}

/** What a pod that was killed left behind: no other fetch has the same folder. */
async function removeLeftovers(parent: string, prefix: string): Promise<void> {
  const names = (await readdir(parent)).filter((name) => name.startsWith(prefix));
  for (const name of names) await rm(path.join(parent, name), { recursive: true, force: true });
}

async function placeFolder(staging: string, into: string): Promise<void> {
  await rm(into, { recursive: true, force: true });
  await rename(staging, into);
}
