import type { Pod } from '../../build/pod.ts';
import { Label } from '../../build/labels.ts';
import { free, suitable, type Capacity, type Node, type Search } from '../capacity.ts';
import { requestsOf } from '../pod-requests.ts';
import { revisionOf } from './pods.ts';

/**
 * Whether the pod would fit if one pod of an older revision of its own service went first: then the rollout waits for
 * itself, and no time will help.
 */
export function waitsForItself(pod: Pod, capacity: Capacity): boolean {
  const search: Search = { ...capacity, pod, requests: requestsOf(pod), field: '' };
  const older = capacity.pods.filter((other) => isOlderOfSameService(other, pod));
  return suitable(search).some((node) =>
    older.some((other) => other.spec?.nodeName === node.metadata.name && fitsOnlyInPlaceOf(other, node, search)),
  );
}

const isOlderOfSameService = (other: Pod, pod: Pod): boolean =>
  serviceOf(other) !== undefined &&
  serviceOf(other) === serviceOf(pod) &&
  other.metadata.namespace === pod.metadata.namespace &&
  revisionOf(other) !== revisionOf(pod);

const serviceOf = ({ metadata }: Pod): string | undefined => metadata.labels?.[Label.service];

function fitsOnlyInPlaceOf(other: Pod, node: Node, search: Search): boolean {
  const freed = requestsOf(other);
  const requests = [...search.requests].map(([resource, asked]) => ({
    asked,
    now: free(search, node, resource),
    afterwards: free(search, node, resource) + (freed.get(resource) ?? 0),
  }));
  return (
    requests.some(({ asked, now }) => now < asked) && requests.every(({ asked, afterwards }) => afterwards >= asked)
  );
}
