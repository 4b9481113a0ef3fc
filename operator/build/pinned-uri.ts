/** Verified files: where they were found, and what they must be. */
export interface Verified {
  uri: string;
  digest: string;
}

/** The artifact by its digest: a tag could be moved after the verification. */
export function imageReference({ uri, digest }: Verified): string {
  const [withoutDigest = ''] = uri.replace(/^oci:\/\//, '').split('@');
  const repository = withoutDigest.replace(/:[^:/]+$/, '');
  return `${repository}@${digest}`;
}

/** The source by digest where it has one: an artifact. Other sources have no such name. */
export const pinnedUri = (verified: Verified): string =>
  verified.uri.startsWith('oci://') ? `oci://${imageReference(verified)}` : verified.uri;
