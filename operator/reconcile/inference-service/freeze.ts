import type { ConfigMap, Revision } from '../../build/inference-service/children.ts';
import { buildDeviceClaimTemplate, buildGoldenCopy } from '../../build/inference-service/revision.ts';
import type { ServiceFacts } from '../../decide/inference-service/facts.ts';
import type { Obstacle } from '../../decide/inference-service/refusal.ts';
import { runningRevision } from '../../decide/inference-service/wanted.ts';
import { isNotFound } from '../../kube/api-errors.ts';
import type { Cluster } from '../../kube/cluster.ts';
import { CONFIG_MAP, REVISION } from './deps.ts';
import { writeAll } from './write.ts';

/** The frozen revision as it is in the cluster, or why it cannot be there. */
export type Frozen = { revision: Revision } | { obstacle: Obstacle };

/** Makes sure that the revision exists, with the golden examples and device claims that its pods need to start. */
export async function freezeRevision(facts: ServiceFacts, wanted: Revision, cluster: Cluster): Promise<Frozen> {
  const frozen = facts.revisions.includes(wanted) ? { revision: wanted } : await storeRevision(wanted, cluster);
  if ('obstacle' in frozen) return frozen;
  const obstacle = await prepareStart(facts, frozen.revision, cluster);
  return obstacle === undefined ? frozen : { obstacle };
}

async function storeRevision(wanted: Revision, cluster: Cluster): Promise<Frozen> {
  const result = await cluster.apply(wanted);
  switch (result.outcome) {
    case 'nameTaken':
      return { obstacle: { ...result, desired: wanted } };
    case 'refused': {
      // Its data can never change: another operator, of another version, was quicker, and the pods are as it says.
      const { name, namespace } = wanted.metadata;
      const live =
        result.reason === 'Invalid' ? await cluster.read<Revision>({ ...REVISION, namespace, name }) : undefined;
      return live === undefined ? { obstacle: { ...result, desired: wanted } } : { revision: live };
    }
    case 'written':
    case 'unchanged':
      return { revision: result.object };
  }
}

/** What pods mount and claim is there before the first of them, and made again when somebody takes it away. */
async function prepareStart(facts: ServiceFacts, revision: Revision, cluster: Cluster): Promise<Obstacle | undefined> {
  const isRunning = runningRevision(facts)?.metadata.name === revision.metadata.name;
  const golden = await missingGolden(revision, cluster);
  if (golden === 'lost' && !isRunning) return { outcome: 'goldenLost', model: revision.data.model.name };
  const obstacle = golden === undefined || golden === 'lost' ? undefined : await writeAll([golden], cluster);
  return obstacle ?? claimDevices(revision, cluster);
}

async function claimDevices(revision: Revision, cluster: Cluster): Promise<Obstacle | undefined> {
  const desired = buildDeviceClaimTemplate(revision);
  if (desired === undefined) return undefined;
  try {
    return await writeAll([desired], cluster);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    const message = `this cluster does not serve ${desired.apiVersion}; device classes need Kubernetes 1.34 or newer`;
    return { outcome: 'refused', desired, reason: 'Invalid', message };
  }
}

/** The copy of the golden examples that is to be made; undefined when it is there or none is needed. */
async function missingGolden(revision: Revision, cluster: Cluster): Promise<ConfigMap | 'lost' | undefined> {
  const { goldenConfigMap } = revision.data.model;
  const { namespace } = revision.metadata;
  if (goldenConfigMap === undefined) return undefined;
  if (cluster.get({ ...CONFIG_MAP, namespace, name: revision.metadata.name }) !== undefined) return undefined;
  const ref = { ...CONFIG_MAP, namespace, name: goldenConfigMap };
  const golden = cluster.get<ConfigMap>(ref) ?? (await cluster.read<ConfigMap>(ref));
  return golden === undefined ? 'lost' : buildGoldenCopy(revision, golden);
}
