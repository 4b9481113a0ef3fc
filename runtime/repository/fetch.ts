import { mkdir } from 'node:fs/promises';
import { ModelFailure } from '../model-failure.ts';
import { AddressPolicy, portOf } from './address-policy.ts';
import type { CachedModel } from './cache.ts';
import { findCached, publishStaged, removeStaleStaging, withStaging, writeFetched } from './cache.ts';
import { HttpClient } from './http-client.ts';
import { placeModel } from './place-model.ts';
import type { Prepared } from './prepare-source.ts';
import { prepareSource } from './prepare-source.ts';
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
  /** Servers that speak plain http, as host:port. Named by the platform team, so they may have private addresses too. */
  insecureRegistries: readonly string[];
  /** Private hosts, addresses and ranges that models may come from. */
  allowedPrivateHosts?: readonly string[] | undefined;
  /** The S3-compatible store, its region, and the hub of sources that name none. */
  s3Endpoint?: string | undefined;
  s3Region?: string | undefined;
  hfEndpoint?: string | undefined;
  claimDir?: string | undefined;
  /** Names the files that a model keeps weights in: this room brings files and knows nothing of models. */
  weightsOf?: ((modelPath: string) => Promise<readonly string[]>) | undefined;
  retryDelayMs?: number | undefined;
  maxResumes?: number | undefined;
}

/** What was fetched. */
export interface FetchResult {
  digest: string;
  sizeBytes: number;
  cached: boolean;
  /** The source by a name that does not move, where it has one: hf with the commit. */
  resolvedUri?: string;
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
  const http = new HttpClient({ addresses: addressesFor(request), caFile: request.caFile, signal, idleTimeoutMs });
  try {
    const prepared = await prepareSource(source, { request, http, signal, wanted });
    return await fetchPrepared(request, prepared, wanted);
  } catch (error) {
    const isOther = error instanceof ModelFailure && error.reason !== 'SourceTimeout';
    if (!signal.aborted || isOther) throw error;
    throw new ModelFailure('SourceTimeout', `The model was not fetched within ${request.timeoutSeconds} s.`, {
      cause: error,
    });
  } finally {
    await http.close();
  }
}

/** What the platform team names in other settings, it trusts: that may have a private address without being listed again. */
function addressesFor({ allowedPrivateHosts = [], insecureRegistries, s3Endpoint, hfEndpoint }: FetchRequest) {
  const named = [s3Endpoint, hfEndpoint].flatMap((endpoint) =>
    endpoint === undefined ? [] : serverOf(new URL(endpoint)),
  );
  return new AddressPolicy([...allowedPrivateHosts, ...insecureRegistries, ...named]);
}

const serverOf = (url: URL) => `${url.hostname}:${portOf(url)}`;

async function fetchPrepared(request: FetchRequest, prepared: Prepared, wanted: string | undefined) {
  if (prepared.digest !== undefined) assertDigest(prepared.digest, wanted);
  const known = prepared.digest && (await findCached(request.into, prepared.digest));
  if (prepared.digest !== undefined && known) {
    return finish(request, { ...prepared, digest: prepared.digest, model: known, cached: true });
  }
  const { digest, model } = await withStaging(request.into, async (staging) => {
    const got = await prepared.fill(staging);
    assertDigest(got, wanted);
    await placeModel(staging);
    return { digest: got, model: await publishStaged(request.into, staging, got) };
  });
  return finish(request, { ...prepared, digest, model, cached: false });
}

interface Outcome {
  digest: string;
  model: CachedModel;
  cached: boolean;
  resolvedUri?: string;
}

async function finish({ into }: FetchRequest, outcome: Outcome): Promise<FetchResult> {
  const { digest, model, cached, resolvedUri } = outcome;
  const resolved = resolvedUri === undefined ? {} : { resolvedUri };
  await writeFetched(into, { digest, ...model, ...resolved });
  return { digest, sizeBytes: model.sizeBytes, cached, ...resolved };
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
