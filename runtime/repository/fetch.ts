import { mkdir } from 'node:fs/promises';
import { ModelFailure } from '../model-failure.ts';
import type { CachedModel } from './cache.ts';
import { findCached, publishStaged, removeStaleStaging, withStaging, writeFetched } from './cache.ts';
import { ByteBudget } from './counted-writer.ts';
import { readCredentials } from './credentials.ts';
import { HttpClient } from './http-client.ts';
import { fetchHttps } from './https-source.ts';
import { OciClient } from './oci-client.ts';
import { resolveManifest } from './oci-manifest.ts';
import { fetchOci } from './oci-source.ts';
import { placeModel } from './place-model.ts';
import { fetchPvc } from './pvc-source.ts';
import type { SourceUri } from './source-uri.ts';
import { parseSourceUri } from './source-uri.ts';

/** What the fetch role is asked to do. */
export interface FetchRequest {
  uri: string;
  into: string;
  /** The only digest that is accepted. */
  digest?: string | undefined;
  maxBytes: number;
  timeoutSeconds: number;
  idleTimeoutSeconds?: number | undefined;
  credentialsDir?: string | undefined;
  caFile?: string | undefined;
  insecureRegistries: readonly string[];
  claimDir?: string | undefined;
  retryDelayMs?: number | undefined;
  maxResumes?: number | undefined;
}

/** What was fetched. */
export interface FetchResult {
  digest: string;
  sizeBytes: number;
  cached: boolean;
}

/** A source that is ready to be read: its digest, when that is known without reading it, and how to read it. */
interface Prepared {
  digest?: string;
  /** Fills the directory and gives the digest of what it read. */
  fill: (directory: string) => Promise<string>;
}

/** Brings a model into the cache, unless it is there, and leaves `fetched.json`. */
export async function fetchModel(request: FetchRequest): Promise<FetchResult> {
  const source = parseSourceUri(request.uri);
  const wanted = wantedDigest(request, source);
  await mkdir(request.into, { recursive: true });
  await removeStaleStaging(request.into);
  const known = wanted && (await findCached(request.into, wanted));
  if (wanted !== undefined && known) return finish(request, { digest: wanted, model: known, cached: true });
  const signal = AbortSignal.timeout(request.timeoutSeconds * 1000);
  const idleTimeoutMs = (request.idleTimeoutSeconds ?? 30) * 1000;
  const http = new HttpClient({ caFile: request.caFile, signal, idleTimeoutMs });
  try {
    const prepared = await prepare(source, { request, http, signal, wanted });
    return await fetchPrepared(request, prepared, wanted);
  } catch (error) {
    if (!signal.aborted || error instanceof ModelFailure) throw error;
    throw new ModelFailure('SourceTimeout', `The model was not fetched within ${request.timeoutSeconds} s.`, {
      cause: error,
    });
  } finally {
    await http.close();
  }
}

async function fetchPrepared(request: FetchRequest, prepared: Prepared, wanted: string | undefined) {
  if (prepared.digest !== undefined) assertDigest(prepared.digest, wanted);
  const known = prepared.digest && (await findCached(request.into, prepared.digest));
  if (prepared.digest !== undefined && known) {
    return finish(request, { digest: prepared.digest, model: known, cached: true });
  }
  const { digest, model } = await withStaging(request.into, async (staging) => {
    const got = await prepared.fill(staging);
    assertDigest(got, wanted);
    await placeModel(staging);
    return { digest: got, model: await publishStaged(request.into, staging, got) };
  });
  return finish(request, { digest, model, cached: false });
}

async function finish(
  { into }: FetchRequest,
  { digest, model, cached }: { digest: string; model: CachedModel; cached: boolean },
): Promise<FetchResult> {
  await writeFetched(into, { digest, ...model });
  return { digest, sizeBytes: model.sizeBytes, cached };
}

function wantedDigest({ digest }: FetchRequest, source: SourceUri): string | undefined {
  const inUri = source.scheme === 'oci' ? source.digest : undefined;
  if (digest !== undefined && inUri !== undefined) assertDigest(inUri, digest);
  return digest ?? inUri;
}

function assertDigest(got: string, wanted: string | undefined): void {
  if (wanted === undefined || got === wanted) return;
  throw new ModelFailure(
    'DigestMismatch',
    `The source has digest ${got}, but ${wanted} is demanded. Correct spec.sha256, or put the right file there.`,
  );
}

interface Context {
  request: FetchRequest;
  http: HttpClient;
  signal: AbortSignal;
  wanted: string | undefined;
}

async function prepare(source: SourceUri, { request, http, signal, wanted }: Context): Promise<Prepared> {
  const budget = new ByteBudget(request.maxBytes);
  const patience = { retryDelayMs: request.retryDelayMs, maxResumes: request.maxResumes };
  if (source.scheme === 'pvc') {
    return { fill: (directory) => fetchPvc({ claimDir: request.claimDir, path: source.path, budget }, directory) };
  }
  const credentials = readCredentials(request.credentialsDir);
  if (source.scheme === 'https') {
    const job = { url: source.url, http, login: credentials.any, budget, signal, patience };
    return { fill: (directory) => fetchHttps(job, directory) };
  }
  const { registry, repository, tag } = source;
  const insecure = request.insecureRegistries.includes(registry);
  const client = new OciClient({ http, registry, repository, insecure, credentials, actions: 'pull' });
  const { digest, manifest } = await resolveManifest(client, wanted ?? tag);
  const fill = async (directory: string) => {
    await fetchOci({ client, manifest, registry, budget, signal, patience }, directory);
    return digest;
  };
  return { digest, fill };
}
