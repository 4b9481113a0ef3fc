import { mkdir } from 'node:fs/promises';
import type { CachedModel } from './cache.ts';
import { findCached, publishStaged, removeStaleStaging, withStaging, writeFetched } from './cache.ts';
import { placeModel } from './place-model.ts';
import type { Prepared } from './prepare-source.ts';
import { assertDigest, openSource, wantedDigest } from './open-source.ts';
import { parseSourceUri } from './source-uri.ts';

/** What the fetch role is asked to do. */
export interface FetchRequest {
  uri: string;
  into: string;
  /** Files are data: they keep their names, and none has to be a model. */
  isData?: boolean | undefined;
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
  return openSource(source, request, (prepared) => fetchPrepared(request, prepared, wanted));
}

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
