import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { Descriptor, Manifest } from './oci-types.ts';
import { Annotation, MediaType } from './oci-types.ts';

/** A file of the artifact: from disk or from memory, under the name it will have when it is fetched. */
export type ArtifactFile = { name: string; mediaType?: string } & ({ path: string } | { bytes: Uint8Array });

/** What an artifact is made of. */
export interface ArtifactParts {
  repository: string;
  files: readonly ArtifactFile[];
  annotations?: Record<string, string>;
  /** Format of the model that ModelPack's configuration names; onnx by default, none for null. */
  format?: string | null;
  /** The artifact that this one belongs to. */
  subject?: Descriptor;
}

/** Bytes that a manifest names. */
export interface Blob {
  descriptor: Descriptor;
  content: Uint8Array | { path: string };
}

/** An artifact as it will lie in the registry. */
export interface DescribedArtifact {
  digest: string;
  /** Bytes of its files. */
  sizeBytes: number;
  manifest: Manifest;
  body: Buffer;
  config: Buffer;
  /** Everything but the manifest. */
  blobs: readonly Blob[];
}

const WEIGHTS =
  /\.(onnx|onnx_data|data|bin|joblib|pt|pth|safetensors|ubj|h5|keras|pb|pdmodel|pdiparams|params|caffemodel|tflite|npz)$/i;

/** ModelPack media type that fits a file name: weights, configuration or documentation. */
function mediaTypeOf(name: string): string {
  if (WEIGHTS.test(name)) return MediaType.weight;
  if (/\.(md|txt)$/i.test(name) || /(^|\/)LICENSE$/i.test(name)) return MediaType.doc;
  return MediaType.weightConfig;
}

const sha256 = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

async function describeFile(file: ArtifactFile): Promise<Blob> {
  const mediaType = file.mediaType ?? mediaTypeOf(file.name);
  const annotations = { [Annotation.modelFilepath]: file.name, [Annotation.title]: file.name };
  if ('bytes' in file) {
    const { bytes } = file;
    return { descriptor: { mediaType, digest: sha256(bytes), size: bytes.byteLength, annotations }, content: bytes };
  }
  const hash = createHash('sha256');
  await pipeline(createReadStream(file.path), hash);
  const { size } = await stat(file.path);
  const descriptor = { mediaType, digest: `sha256:${hash.digest('hex')}`, size, annotations };
  return { descriptor, content: { path: file.path } };
}

/** Computes an artifact in the CNCF ModelPack layout without any registry. The same input gives the same digest. */
export async function describeArtifact(parts: ArtifactParts): Promise<DescribedArtifact> {
  const files: Blob[] = [];
  for (const file of parts.files) files.push(await describeFile(file));
  const layers = files.map(({ descriptor }) => descriptor);
  const config = modelConfig(parts, layers);
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: MediaType.manifest,
    artifactType: MediaType.modelManifest,
    config: { mediaType: MediaType.modelConfig, digest: sha256(config), size: config.byteLength },
    layers,
    ...(parts.subject && { subject: parts.subject }),
    ...(parts.annotations && { annotations: parts.annotations }),
  };
  const body = Buffer.from(JSON.stringify(manifest));
  const blobs = [...files, { descriptor: manifest.config, content: config }];
  const sizeBytes = layers.reduce((sum, { size }) => sum + size, 0);
  return { digest: sha256(body), sizeBytes, manifest, body, config, blobs };
}

function modelConfig(
  { repository, annotations, format = 'onnx' }: ArtifactParts,
  layers: readonly Descriptor[],
): Buffer {
  const name = annotations?.[Annotation.title] ?? repository.split('/').at(-1) ?? repository;
  const config = {
    descriptor: { name },
    config: format === null ? {} : { format },
    modelfs: { type: 'layers', diffIds: layers.map(({ digest }) => digest) },
  };
  return Buffer.from(JSON.stringify(config));
}
