import { mountsClaim } from '../../build/inference-service/cache.ts';
import type { Revision } from '../../build/inference-service/children.ts';
import { cacheClaimName } from '../../build/inference-service/names.ts';
import type { ServiceFacts } from '../../decide/inference-service/facts.ts';
import { revisionOf } from '../../decide/inference-service/pods.ts';
import { runningRevision, type Wanted } from '../../decide/inference-service/wanted.ts';
import type { Cluster } from '../../kube/cluster.ts';
import { removeQuietly } from '../remove-quietly.ts';
import type { ServiceDeps } from './deps.ts';
import { listPods } from './observe.ts';

/** Revisions to go back to; the pods of an older one would be computed anew. */
const OLD_REVISIONS_KEPT = 5;

/** Removes what no pod needs any more: the claim of a cache that was given up, and the oldest revisions. */
export async function tidy(facts: ServiceFacts, wanted: Wanted, { cluster }: ServiceDeps): Promise<void> {
  if (isClaimLeftOver(facts, wanted, cluster)) await removeQuietly(cluster, facts.cacheClaim);
  for (const revision of leftOverRevisions(facts, wanted)) await removeQuietly(cluster, revision);
}

/** Only after the rollout: pods that are going still mount it. */
function isClaimLeftOver(facts: ServiceFacts, { revision }: Wanted, cluster: Cluster): boolean {
  const claim = cacheClaimName(facts.service);
  if (facts.cacheClaim === undefined || revision === undefined) return false;
  const mounters = [
    revision.data.template,
    facts.deployment?.spec.template,
    ...listPods(facts.service, cluster).map(({ spec }) => (spec === undefined ? undefined : { spec })),
  ];
  return !mounters.some((template) => mountsClaim(template, claim));
}

function leftOverRevisions(facts: ServiceFacts, wanted: Wanted): Revision[] {
  const inUse = new Set([
    wanted.revision?.metadata.name,
    runningRevision(facts)?.metadata.name,
    ...facts.pods.map(revisionOf),
  ]);
  return facts.revisions
    .filter(({ metadata }) => !inUse.has(metadata.name))
    .toSorted((a, b) => b.revision - a.revision)
    .slice(OLD_REVISIONS_KEPT);
}
