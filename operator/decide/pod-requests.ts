import type { V1Container } from '@kubernetes/client-node';
import { quantityValue } from '../../crds/schema/quantity.ts';
import type { Pod } from '../build/pod.ts';

/** What the scheduler reserves for a pod: containers run together, init containers one after another. */
export function requestsOf({ spec }: Pod): Map<string, number> {
  const total = new Map<string, number>();
  for (const [name, asked] of (spec?.containers ?? []).flatMap(amountsOf)) {
    total.set(name, (total.get(name) ?? 0) + asked);
  }
  for (const [name, asked] of (spec?.initContainers ?? []).flatMap(amountsOf)) {
    total.set(name, Math.max(total.get(name) ?? 0, asked));
  }
  return total;
}

/** A limit without a request is also the request. */
const amountsOf = ({ resources }: V1Container): [string, number][] =>
  Object.entries({ ...resources?.limits, ...resources?.requests }).map(([name, value]) => [name, quantityValue(value)]);
