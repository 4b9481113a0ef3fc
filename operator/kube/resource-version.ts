const DECIMAL = /^\d+$/;

/**
 * Whether one resource version is newer than another. They are decimal numbers that only grow, promised so since
 * Kubernetes 1.35 and true of etcd always; anything else counts as newer, because dropping news is worse than repeating it.
 */
export function isNewer(version: string | undefined, than: string | undefined): boolean {
  if (version === undefined || than === undefined) return true;
  if (!DECIMAL.test(version) || !DECIMAL.test(than)) return version !== than;
  return version.length === than.length ? version > than : version.length > than.length;
}
