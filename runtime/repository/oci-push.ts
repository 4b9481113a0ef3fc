import type { ArtifactFile } from './oci-artifact.ts';
import { describeArtifact } from './oci-artifact.ts';
import type { PushTarget } from './oci-writer.ts';
import { OciWriter } from './oci-writer.ts';

/** What to push, and where to. */
export interface PushRequest extends PushTarget {
  tag: string;
  files: readonly ArtifactFile[];
  annotations?: Record<string, string>;
}

/** What was pushed: the digest of the manifest, and the uri that names exactly it. */
export interface PushResult {
  digest: string;
  uri: string;
}

/** Pushes files as one OCI artifact in the CNCF ModelPack layout. */
export async function pushArtifact(request: PushRequest): Promise<PushResult> {
  const { registry, repository, tag } = request;
  const artifact = await describeArtifact(request);
  const writer = new OciWriter(request);
  try {
    await writer.pushBlobs(artifact);
    await writer.putManifest(tag, artifact);
    return { digest: artifact.digest, uri: `oci://${registry}/${repository}@${artifact.digest}` };
  } finally {
    await writer.close();
  }
}
