import { buildAutoscaler } from '../../build/inference-service/autoscaler.ts';
import { buildCacheClaim } from '../../build/inference-service/cache-claim.ts';
import { mountsClaim } from '../../build/inference-service/cache.ts';
import type { Child } from '../../build/child.ts';
import type { Deployment, Revision } from '../../build/inference-service/children.ts';
import { buildDeployment } from '../../build/inference-service/deployment.ts';
import { buildDisruptionBudget } from '../../build/inference-service/disruption-budget.ts';
import { cacheClaimName } from '../../build/inference-service/names.ts';
import { buildNetworkPolicy } from '../../build/inference-service/network-policy.ts';
import { buildService } from '../../build/inference-service/service.ts';
import type { ServiceFacts } from '../../decide/inference-service/facts.ts';
import type { Obstacle } from '../../decide/inference-service/refusal.ts';
import { decideReplicas } from '../../decide/inference-service/replicas.ts';
import type { Wanted } from '../../decide/inference-service/wanted.ts';
import type { ServiceDeps } from './deps.ts';
import { freezeRevision } from './freeze.ts';
import { removeQuietly } from '../remove-quietly.ts';
import { allEnded, writeAll, writeInOrder } from './write.ts';

/** Brings the children to what is wanted; gives what stood in the way. Without a revision there is nothing to run yet. */
export async function applyChildren(
  facts: ServiceFacts,
  wanted: Wanted,
  deps: ServiceDeps,
): Promise<Obstacle | undefined> {
  await removeAutoscaling(facts, deps);
  if (wanted.revision === undefined) return undefined;
  const [frozen, obstacle] = await allEnded([
    freezeRevision(facts, wanted.revision, deps.cluster),
    writeAll(wayIn(facts, deps), deps.cluster),
  ]);
  if ('obstacle' in frozen) return frozen.obstacle;
  if (obstacle !== undefined) return obstacle;
  return writeInOrder(workload(facts, frozen.revision, deps), deps.cluster);
}

/** Before the Deployment is written: an autoscaler that is no longer wanted would scale it back. */
async function removeAutoscaling({ service, autoscaler, disruptionBudget }: ServiceFacts, { cluster }: ServiceDeps) {
  if (buildAutoscaler(service) === undefined) await removeQuietly(cluster, autoscaler);
  if (buildDisruptionBudget(service) === undefined) await removeQuietly(cluster, disruptionBudget);
}

/** The address and who may use it come before the pods: when the name is taken, nothing is started that nobody could reach. */
const wayIn = ({ service }: ServiceFacts, { settings }: ServiceDeps): Child[] => [
  buildService(service),
  buildNetworkPolicy(service, settings),
];

/** What runs the pods, in steps: pods need the claim, and an autoscaler complains while there is no Deployment. */
function workload(facts: ServiceFacts, revision: Revision, { settings }: ServiceDeps): (Child | undefined)[][] {
  const { service, deployment, cacheClaim } = facts;
  const isClaimed = mountsClaim(revision.data.template, cacheClaimName(service));
  return [
    [isClaimed ? buildCacheClaim(service, settings, cacheClaim) : undefined],
    [decidedFrom(facts, buildDeployment(service, revision, decideReplicas(service, deployment)))],
    [buildAutoscaler(service), buildDisruptionBudget(service)],
  ];
}

/** An autoscaler may have changed the replicas since we looked: what was decided before that must not undo it. */
function decidedFrom({ service, deployment }: ServiceFacts, desired: Deployment): Deployment {
  const { resourceVersion } = deployment?.metadata ?? {};
  if (service.spec.scaling === undefined || resourceVersion === undefined) return desired;
  return { ...desired, metadata: { ...desired.metadata, resourceVersion } };
}
