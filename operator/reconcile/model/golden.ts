import type { CandidateRevision, Model } from '../../../crds/schema/model.ts';
import { goldenCopyName } from '../../build/model/golden-copy.ts';
import { dependsOnGolden } from '../../decide/model/step.ts';
import type { Goal } from '../../decide/model/goal.ts';
import type { Cluster, KubeObject } from '../../kube/cluster.ts';
import { CONFIG_MAP } from './deps.ts';

/** The golden examples of a Model as they are now. */
export type Golden = { kind: 'none' } | { kind: 'content'; content: string } | { kind: 'missing'; message: string };

interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
}

/** Reads the golden examples that a verification is to use; `none` when the Model names none. */
export async function readGolden(model: Model, goal: Goal, cluster: Cluster): Promise<Golden> {
  const wanted = model.spec.verification?.golden?.configMap;
  if (wanted === undefined) return { kind: 'none' };
  const { namespace } = model.metadata;
  const source = await cluster.read<ConfigMap>({ ...CONFIG_MAP, namespace, name: wanted.name });
  const content = source?.data?.[wanted.key] ?? (goal === 'verifyAgain' ? await readFrozen(model, cluster) : undefined);
  if (content !== undefined) return { kind: 'content', content };
  return {
    kind: 'missing',
    message:
      source === undefined
        ? `The ConfigMap "${wanted.name}" with the golden examples does not exist in namespace "${namespace}".`
        : `The ConfigMap "${wanted.name}" has no key "${wanted.key}" with the golden examples.`,
  };
}

/** Whether the user's golden examples differ from the frozen copy that the candidate failed with. */
export async function hasGoldenChanged(
  model: Model,
  candidate: CandidateRevision | undefined,
  cluster: Cluster,
): Promise<boolean> {
  if (!dependsOnGolden(candidate)) return false;
  const golden = await readGolden(model, 'verify', cluster);
  return (
    golden.kind === 'content' && goldenCopyName(model.metadata.name, golden.content) !== candidate?.goldenConfigMap
  );
}

/** What is verified again was verified with examples that are still here, also when the user has taken his away. */
async function readFrozen({ metadata, status }: Model, cluster: Cluster): Promise<string | undefined> {
  const name = status?.current?.goldenConfigMap;
  if (name === undefined) return undefined;
  const copy = await cluster.read<ConfigMap>({ ...CONFIG_MAP, namespace: metadata.namespace, name });
  return Object.values(copy?.data ?? {})[0];
}
