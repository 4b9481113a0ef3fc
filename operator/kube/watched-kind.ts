import type { KindRef, KubeObject } from './cluster.ts';

/** One kind that the cluster keeps a cache of. */
export interface WatchedKind extends KindRef {
  /** As in the URL, such as `networkpolicies`; guessed from the kind when left out. */
  plural?: string;
  /** Only objects with these labels are cached. */
  labelSelector?: string;
  /** Cluster-scoped kinds are watched as a whole even when only some namespaces are. */
  isClusterScoped?: boolean;
  /** Drops what nobody reads, to save memory. Gets a fresh object and may change it. */
  trim?: (object: KubeObject) => void;
}

/** The metrics API calls its kinds by what they measure. */
const IRREGULAR: Readonly<Record<string, string>> = { PodMetrics: 'pods', NodeMetrics: 'nodes' };

/** The plural in the URL of a kind, by the rules that all kinds of Kubernetes itself follow. */
export function pluralOf(kind: string): string {
  const irregular = IRREGULAR[kind];
  if (irregular !== undefined) return irregular;
  const lower = kind.toLowerCase();
  if (lower.endsWith('endpoints')) return lower;
  if (/[^aeiou]y$/.test(lower)) return `${lower.slice(0, -1)}ies`;
  return /(?:s|x|ch)$/.test(lower) ? `${lower}es` : `${lower}s`;
}

/** The part of the URL that names a kind, and one object of it when `name` is given. */
export function resourcePath(
  kind: { apiVersion: string; plural: string },
  place: { namespace?: string | undefined; name?: string | undefined } = {},
): string {
  const group = kind.apiVersion.includes('/') ? `/apis/${kind.apiVersion}` : `/api/${kind.apiVersion}`;
  const namespace = place.namespace === undefined ? '' : `/namespaces/${encodeURIComponent(place.namespace)}`;
  const name = place.name === undefined ? '' : `/${encodeURIComponent(place.name)}`;
  return `${group}${namespace}/${kind.plural}${name}`;
}

/** How a kind is called in metrics and logs, such as `Deployment.apps/v1`. */
export const kindName = ({ apiVersion, kind }: KindRef): string => `${kind}.${apiVersion}`;

/** Whether labels match a selector of the forms `a=b`, `a==b` and `a`; any other form counts as no match. */
export const matchesSelector = (labels: Readonly<Record<string, string>>, selector: string): boolean =>
  selector
    .split(',')
    .filter((term) => term !== '')
    .every((term) => {
      const match = /^([^!=\s()]+)(?:==?([^!=\s()]*))?$/.exec(term);
      const value = match?.[1] === undefined ? undefined : labels[match[1]];
      return value !== undefined && (match?.[2] === undefined || value === match[2]);
    });
