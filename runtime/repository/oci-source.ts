import { rm } from 'node:fs/promises';
import path from 'node:path';
import { ModelFailure } from '../model-failure.ts';
import { ByteBudget } from './counted-writer.ts';
import type { Patience } from './download.ts';
import { download } from './download.ts';
import type { OciClient } from './oci-client.ts';
import type { Layer } from './oci-layers.ts';
import { planLayers } from './oci-layers.ts';
import type { Descriptor, Manifest } from './oci-types.ts';
import { unpackTar } from './unpack-tar.ts';
import { codeOf } from '../error-shape.ts';

/** An artifact whose manifest has been read. */
export interface OciSource {
  client: OciClient;
  manifest: Manifest;
  registry: string;
  budget: ByteBudget;
  signal?: AbortSignal | undefined;
  patience?: Patience;
}

/** Puts all files of an artifact into a directory, each layer checked against its digest. */
export async function fetchOci(source: OciSource, directory: string): Promise<void> {
  const layers = planLayers(source.manifest);
  source.budget.expect(layers.reduce((sum, { blob }) => sum + blob.size, 0));
  for (const layer of layers) await placeLayer(source, layer, directory);
}

async function placeLayer(source: OciSource, layer: Layer, directory: string): Promise<void> {
  if (layer.kind === 'file') {
    const filePath = path.join(directory, layer.name);
    await downloadBlob(source, { blob: layer.blob, filePath, budget: source.budget }).catch(
      describeDuplicate(layer.name),
    );
    return;
  }
  const archive = path.join(directory, '.layer');
  await downloadBlob(source, { blob: layer.blob, filePath: archive, budget: new ByteBudget(source.budget.maxBytes) });
  await unpackTar(archive, directory, { budget: source.budget });
  await rm(archive);
}

/** Files are created, never overwritten: two layers with one name would leave it open which one counts. */
const describeDuplicate = (name: string) => (error: unknown) => {
  if (codeOf(error) === 'EEXIST') {
    throw new ModelFailure('ArtifactInvalid', `The OCI artifact holds "${name}" twice.`);
  }
  throw error;
};

interface BlobTarget {
  blob: Descriptor;
  filePath: string;
  budget: ByteBudget;
}

async function downloadBlob(source: OciSource, { blob, filePath, budget }: BlobTarget): Promise<void> {
  const got = await download({
    open: (headers) => source.client.send(`blobs/${blob.digest}`, { headers, follow: true }),
    filePath,
    budget,
    what: `The registry ${source.registry}`,
    signal: source.signal,
    ...(source.patience && { patience: source.patience }),
  });
  if (got.digest !== blob.digest) {
    throw new ModelFailure(
      'DigestMismatch',
      `The registry ${source.registry} gave ${got.sizeBytes} bytes with digest ${got.digest} for the layer ${blob.digest}. Push the artifact again.`,
    );
  }
}
