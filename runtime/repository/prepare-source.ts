import { ModelFailure } from '../model-failure.ts';
import { ByteBudget } from './counted-writer.ts';
import { readCredentials, readSecret } from './credentials.ts';
import type { Patience } from './download.ts';
import type { FetchRequest } from './fetch.ts';
import type { HttpClient } from './http-client.ts';
import { fetchHttps } from './https-source.ts';
import { HubClient } from './hub-client.ts';
import { fetchHubData } from './hub-data.ts';
import { fetchHub } from './hub-source.ts';
import type { HubUri } from './hub-uri.ts';
import { OciClient } from './oci-client.ts';
import { resolveManifest } from './oci-manifest.ts';
import { fetchOci } from './oci-source.ts';
import { fetchPvcData } from './pvc-data.ts';
import { fetchPvc } from './pvc-source.ts';
import type { S3Uri } from './s3-uri.ts';
import type { SourceUri } from './source-uri.ts';

const HUB = 'https://huggingface.co';

/** A source that is ready to be read: its digest, when that is known without reading it, and how to read it. */
export interface Prepared {
  digest?: string;
  /** The source by a name that does not move. */
  resolvedUri?: string;
  /** Fills the directory and gives the digest of what it read. */
  fill: (directory: string) => Promise<string>;
}

/** What reading any source needs. */
export interface SourceContext {
  request: FetchRequest;
  http: HttpClient;
  signal: AbortSignal;
  wanted: string | undefined;
}

/** The limits that all files of one model share. */
interface Limits {
  budget: ByteBudget;
  signal: AbortSignal;
  patience: Patience;
}

/** Finds out what can be known of a source without reading it all. */
export function prepareSource(source: SourceUri, context: SourceContext): Promise<Prepared> | Prepared {
  const { request, http, signal } = context;
  const budget = new ByteBudget(request.maxBytes);
  const patience = { retryDelayMs: request.retryDelayMs, maxResumes: request.maxResumes };
  const limits: Limits = { budget, signal, patience };
  switch (source.scheme) {
    case 'pvc': {
      const fetchIt = request.isData === true ? fetchPvcData : fetchPvc;
      return { fill: (directory) => fetchIt({ claimDir: request.claimDir, path: source.path, budget }, directory) };
    }
    case 'https': {
      const login = readCredentials(request.credentialsDir).any;
      const job = { url: source.url, http, login, isData: request.isData === true, ...limits };
      return { fill: (directory) => fetchHttps(job, directory) };
    }
    case 'oci':
      return prepareOci(source, context, limits);
    case 's3':
      return prepareS3(source, context, limits);
    case 'hf':
      return prepareHub(source, context, limits);
  }
}

async function prepareOci(
  { registry, repository, tag }: SourceUri & { scheme: 'oci' },
  { request, http, wanted }: SourceContext,
  limits: Limits,
): Promise<Prepared> {
  const insecure = request.insecureRegistries.includes(registry);
  const credentials = readCredentials(request.credentialsDir);
  const client = new OciClient({ http, registry, repository, insecure, credentials, actions: 'pull' });
  const { digest, manifest } = await resolveManifest(client, wanted ?? tag);
  const fill = async (directory: string) => {
    await fetchOci({ client, manifest, registry, ...limits }, directory);
    return digest;
  };
  return { digest, fill };
}

async function prepareS3(uri: S3Uri, { request, http }: SourceContext, limits: Limits): Promise<Prepared> {
  // The AWS library is large, and loading it takes longer than a small model does: other sources go without.
  const [{ S3Store }, { fetchS3 }, { readS3Settings }] = await Promise.all([
    import('./s3-store.ts'),
    import('./s3-source.ts'),
    import('./s3-settings.ts'),
  ]);
  const defaults = { endpoint: request.s3Endpoint, region: request.s3Region };
  const settings = readS3Settings(uri, request.credentialsDir, defaults);
  const store = new S3Store({ bucket: uri.bucket, settings, http, insecureHosts: request.insecureRegistries });
  return { fill: (directory) => fetchS3({ uri, store, isData: request.isData === true, ...limits }, directory) };
}

async function prepareHub(uri: HubUri, { request, http }: SourceContext, limits: Limits): Promise<Prepared> {
  const endpoint = new URL(request.hfEndpoint ?? HUB);
  const client = new HubClient({
    http,
    endpoint,
    kind: uri.kind,
    repository: uri.repository,
    revision: uri.revision,
    token: readToken(request.credentialsDir),
    insecure: request.insecureRegistries.includes(endpoint.host),
  });
  const revision = await client.readRevision();
  const folder = uri.kind === 'models' ? '' : `${uri.kind}/`;
  const resolvedUri = `hf://${folder}${uri.repository}@${revision.commit}${uri.path && `/${encodeURI(uri.path)}`}`;
  const weightsOf = request.weightsOf ?? (() => Promise.resolve([]));
  const fetchIt = request.isData === true ? fetchHubData : fetchHub;
  return { resolvedUri, fill: (directory) => fetchIt({ uri, client, revision, weightsOf, ...limits }, directory) };
}

function readToken(secretDirectory: string | undefined): string | undefined {
  const token = readSecret(secretDirectory)('token', 'HF_TOKEN');
  if (token !== undefined || secretDirectory === undefined) return token;
  throw new ModelFailure('SourceForbidden', 'The Secret in spec.credentials holds no token for the Hugging Face hub.');
}
