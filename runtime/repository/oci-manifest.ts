import { createHash } from 'node:crypto';
import { ModelFailure } from '../model-failure.ts';
import { describeHttpStatus } from './network-failure.ts';
import type { OciClient } from './oci-client.ts';
import type { Manifest } from './oci-types.ts';
import { MediaType } from './oci-types.ts';
import { readBounded } from './read-bounded.ts';

const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
const ACCEPT = [MediaType.manifest, MediaType.index, MediaType.dockerManifest, MediaType.dockerIndex].join(', ');

interface ManifestOrIndex extends Partial<Manifest> {
  manifests?: { digest: string; mediaType?: string; platform?: { os?: string; architecture?: string } }[];
}

/** A manifest with the digest of what the reference named. */
export interface ResolvedManifest {
  digest: string;
  manifest: Manifest;
}

/** Reads the manifest behind a tag or a digest; the digest is computed here, never taken on trust. */
export async function resolveManifest(client: OciClient, reference: string): Promise<ResolvedManifest> {
  const first = await readManifest(client, reference);
  const { manifests } = first.content;
  if (manifests === undefined) return { digest: first.digest, manifest: asManifest(first.content) };
  const [only, ...more] = manifests;
  if (only === undefined || more.length > 0) {
    throw new ModelFailure(
      'ArtifactInvalid',
      `The OCI reference names an index of ${manifests.length} manifests, not one model. Give the digest of the one that is meant: ${manifests
        .slice(0, 3)
        .map(({ digest }) => digest)
        .join(', ')}.`,
    );
  }
  const child = await readManifest(client, only.digest);
  return { digest: first.digest, manifest: asManifest(child.content) };
}

async function readManifest(client: OciClient, reference: string) {
  const reply = await client.send(`manifests/${reference}`, { headers: { accept: ACCEPT }, follow: true });
  if (reply.status !== 200) {
    await reply.body.dump();
    const repository = /^\/v2\/(.+)\/manifests\//.exec(reply.url.pathname)?.[1] ?? reply.url.pathname;
    throw describeHttpStatus(reply.status, `The registry ${reply.url.host}, asked for ${reference} of ${repository},`);
  }
  const body = await readBounded(reply, MAX_MANIFEST_BYTES);
  const digest = `sha256:${createHash('sha256').update(body).digest('hex')}`;
  if (reference.startsWith('sha256:') && reference !== digest) {
    throw new ModelFailure('DigestMismatch', `The registry gave a manifest with digest ${digest} for ${reference}.`);
  }
  return { digest, content: parseManifest(body) };
}

function parseManifest(body: Buffer): ManifestOrIndex {
  try {
    const content: unknown = JSON.parse(body.toString('utf8'));
    if (typeof content === 'object' && content !== null && !Array.isArray(content)) return content;
  } catch {
    // Falls through: whatever it is, it is not a manifest.
  }
  throw new ModelFailure('ArtifactInvalid', 'The registry answered with something that is not an OCI manifest.');
}

function asManifest(content: ManifestOrIndex): Manifest {
  if (Array.isArray(content.layers) && content.layers.every((layer) => typeof layer?.mediaType === 'string')) {
    return content as Manifest;
  }
  throw new ModelFailure('ArtifactInvalid', 'The OCI manifest has no layers that can be read.');
}
