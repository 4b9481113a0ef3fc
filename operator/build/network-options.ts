import type { Settings } from '../settings.ts';

/** Flags of the fetch role by which the platform team says whom it may talk to, and how; undefined where nothing is set. */
export const networkOptions = ({ insecureRegistries, fetch }: Settings): Record<string, string | undefined> => ({
  'insecure-registries': insecureRegistries.join(',') || undefined,
  'allowed-private-hosts': fetch.allowedPrivateHosts.join(',') || undefined,
  's3-endpoint': fetch.s3Endpoint || undefined,
  's3-region': fetch.s3Region || undefined,
  'hf-endpoint': fetch.hfEndpoint || undefined,
});
