import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { AddressPolicy } from './address-policy.ts';
import type { Credentials } from './credentials.ts';
import { noCredentials } from './credentials.ts';
import type { HttpReply } from './http-client.ts';
import { HttpClient, headerOf } from './http-client.ts';
import { describeHttpStatus } from './network-failure.ts';
import { OciClient } from './oci-client.ts';
import type { Descriptor, Manifest } from './oci-types.ts';
import { Annotation, MediaType } from './oci-types.ts';

/** A file of the artifact: from disk or from memory, under the name it will have when it is fetched. */
export type ArtifactFile = { name: string; mediaType?: string } & ({ path: string } | { bytes: Uint8Array });

/** What to push, and where to. */
export interface PushRequest {
  registry: string;
  repository: string;
  tag: string;
  files: readonly ArtifactFile[];
  annotations?: Record<string, string>;
  /** Speak plain http. */
  insecure?: boolean;
  credentials?: Credentials;
  caFile?: string;
}

/** What was pushed: the digest of the manifest, and the uri that names exactly it. */
export interface PushResult {
  digest: string;
  uri: string;
}

/** ModelPack media type that fits a file name: weights, configuration or documentation. */
function mediaTypeOf(name: string): string {
  if (/\.(onnx|onnx_data|data|bin)$/i.test(name)) return MediaType.weight;
  if (/\.(md|txt)$/i.test(name) || /(^|\/)LICENSE$/i.test(name)) return MediaType.doc;
  return MediaType.weightConfig;
}

const sha256 = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

async function describeFile(file: ArtifactFile): Promise<Descriptor> {
  const mediaType = file.mediaType ?? mediaTypeOf(file.name);
  const annotations = { [Annotation.modelFilepath]: file.name, [Annotation.title]: file.name };
  if ('bytes' in file) return { mediaType, digest: sha256(file.bytes), size: file.bytes.byteLength, annotations };
  const hash = createHash('sha256');
  await pipeline(createReadStream(file.path), hash);
  return { mediaType, digest: `sha256:${hash.digest('hex')}`, size: (await stat(file.path)).size, annotations };
}

/** An artifact as it will lie in the registry. */
export interface DescribedArtifact {
  digest: string;
  manifest: Manifest;
  body: Buffer;
  config: Buffer;
}

/** Computes an artifact in the CNCF ModelPack layout without any registry. The same input gives the same digest. */
export async function describeArtifact(
  request: Pick<PushRequest, 'repository' | 'files' | 'annotations'>,
): Promise<DescribedArtifact> {
  const layers: Descriptor[] = [];
  for (const file of request.files) layers.push(await describeFile(file));
  const config = modelConfig(request, layers);
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: MediaType.manifest,
    artifactType: MediaType.modelManifest,
    config: { mediaType: MediaType.modelConfig, digest: sha256(config), size: config.byteLength },
    layers,
    ...(request.annotations && { annotations: request.annotations }),
  };
  const body = Buffer.from(JSON.stringify(manifest));
  return { digest: sha256(body), manifest, body, config };
}

/** Pushes files as one OCI artifact in the CNCF ModelPack layout. */
export async function pushArtifact(request: PushRequest): Promise<PushResult> {
  const { digest, manifest, body, config } = await describeArtifact(request);
  const http = new HttpClient({ addresses: AddressPolicy.trusting, caFile: request.caFile });
  const { registry, repository, tag, insecure = false, credentials = noCredentials } = request;
  const client = new OciClient({ http, registry, repository, insecure, credentials, actions: 'pull,push' });
  try {
    for (const [index, file] of request.files.entries()) await pushFile(client, file, manifest.layers[index]);
    await pushBlob(client, manifest.config, config);
    await pushManifest(client, tag, body);
    return { digest, uri: `oci://${registry}/${repository}@${digest}` };
  } finally {
    await http.close();
  }
}

function modelConfig(
  { repository, annotations }: Pick<PushRequest, 'repository' | 'annotations'>,
  layers: readonly Descriptor[],
): Buffer {
  const name = annotations?.[Annotation.title] ?? repository.split('/').at(-1) ?? repository;
  const config = {
    descriptor: { name },
    config: { format: 'onnx' },
    modelfs: { type: 'layers', diffIds: layers.map(({ digest }) => digest) },
  };
  return Buffer.from(JSON.stringify(config));
}

async function pushFile(client: OciClient, file: ArtifactFile, descriptor?: Descriptor): Promise<void> {
  await pushBlob(client, descriptor ?? (await describeFile(file)), 'bytes' in file ? file.bytes : file.path);
}

async function pushBlob(client: OciClient, { digest, size }: Descriptor, content: Uint8Array | string): Promise<void> {
  const there = await client.send(`blobs/${digest}`, { method: 'HEAD' });
  await there.body.dump();
  if (there.status === 200) return;
  const start = await expectStatus(await client.send('blobs/uploads/', { method: 'POST' }), 202, 'start of an upload');
  // The registry answers with an address of its own choosing, relative or absolute, that already carries a query.
  const upload = new URL(headerOf(start, 'location') ?? '', start.url);
  upload.searchParams.set('digest', digest);
  const reply = await client.send(upload.href, {
    method: 'PUT',
    headers: { 'content-type': 'application/octet-stream', 'content-length': String(size) },
    body: typeof content === 'string' ? createReadStream(content) : Buffer.from(content),
  });
  await expectStatus(reply, 201, 'upload');
}

async function pushManifest(client: OciClient, tag: string, body: Buffer): Promise<void> {
  const headers = { 'content-type': MediaType.manifest };
  await expectStatus(await client.send(`manifests/${tag}`, { method: 'PUT', headers, body }), 201, 'manifest');
}

async function expectStatus(reply: HttpReply, status: number, what: string): Promise<HttpReply> {
  const text = await reply.body.text();
  if (reply.status === status) return reply;
  throw new Error(`pushing to ${reply.url.host}: ${what} answered ${text.slice(0, 500)}`, {
    cause: describeHttpStatus(reply.status, `${what} at ${reply.url.host}`),
  });
}
