/** Which versions of a model are served. */
export type VersionPolicy =
  { kind: 'all' } | { kind: 'latest'; count: number } | { kind: 'specific'; versions: readonly string[] };

/** The newest version only: what is served when nothing else is said. */
export const NEWEST_ONLY: VersionPolicy = { kind: 'latest', count: 1 };

/** How a version is named: a whole number from 1 without zeros in front. */
export const VERSION_NAME = /^[1-9][0-9]{0,14}$/;

/** Reads `latest`, `latest 2`, `all` or `specific 1,3`; undefined for anything else. */
export function parseVersionPolicy(text: string): VersionPolicy | undefined {
  const [kind = '', ...rest] = text.trim().split(/[\s,=:]+/);
  if (kind === 'all' && rest.length === 0) return { kind };
  if (kind === 'latest' && rest.length <= 1) return latest(rest[0] ?? '1');
  const isSpecific = kind === 'specific' && rest.length > 0 && rest.every((version) => VERSION_NAME.test(version));
  return isSpecific ? { kind: 'specific', versions: rest } : undefined;
}

const latest = (count: string): VersionPolicy | undefined =>
  VERSION_NAME.test(count) ? { kind: 'latest', count: Number(count) } : undefined;

/** The versions that a policy picks, oldest first. */
export function chooseVersions<T extends { version: string }>(policy: VersionPolicy, versions: readonly T[]): T[] {
  const sorted = versions.toSorted((a, b) => Number(a.version) - Number(b.version));
  switch (policy.kind) {
    case 'all':
      return sorted;
    case 'latest':
      return sorted.slice(-policy.count);
    case 'specific':
      return sorted.filter(({ version }) => policy.versions.includes(version));
  }
}
