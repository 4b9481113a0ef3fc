import type { InferenceService } from '../../../crds/schema/inference-service.ts';
import type { Model } from '../../../crds/schema/model.ts';
import type {
  Autoscaler,
  CacheClaim,
  Deployment,
  DisruptionBudget,
  Pod,
  Revision,
} from '../../build/inference-service/children.ts';
import { cacheClaimName, podSelector } from '../../build/inference-service/names.ts';
import type { ServiceFacts } from '../../decide/inference-service/facts.ts';
import { isAlive } from '../../decide/inference-service/pods.ts';
import type { Cluster, KindRef, KubeObject } from '../../kube/cluster.ts';
import { AUTOSCALER, CLAIM, DEPLOYMENT, DISRUPTION_BUDGET, MODEL, POD, REVISION, type ServiceDeps } from './deps.ts';

/** Reads everything from the watch cache; nothing here touches the network. */
export function observeService(service: InferenceService, { cluster, now }: ServiceDeps): ServiceFacts {
  const { name, namespace } = service.metadata;
  return {
    service,
    model: cluster.get<Model & KubeObject>({ ...MODEL, namespace, name: service.spec.model.name }),
    revisions: cluster.list<Revision>({ ...REVISION, namespace, ownerUid: service.metadata.uid ?? '' }),
    deployment: owned<Deployment>(service, cluster, { ...DEPLOYMENT, name }),
    autoscaler: owned<Autoscaler>(service, cluster, { ...AUTOSCALER, name }),
    disruptionBudget: owned<DisruptionBudget>(service, cluster, { ...DISRUPTION_BUDGET, name }),
    cacheClaim: owned<CacheClaim>(service, cluster, { ...CLAIM, name: cacheClaimName(service) }),
    pods: listPods(service, cluster).filter(isAlive),
    now: now(),
  };
}

/** All pods of the service, those that are going included. */
export const listPods = (service: InferenceService, cluster: Cluster): readonly Pod[] =>
  cluster.list<Pod>({ ...POD, namespace: service.metadata.namespace, labels: podSelector(service) });

/** A child of this very service: an object of another owner may have the name. */
function owned<T extends KubeObject>(
  { metadata }: InferenceService,
  cluster: Cluster,
  ref: KindRef & { name: string },
): T | undefined {
  const found = cluster.get<T>({ ...ref, namespace: metadata.namespace });
  const isOurs = found?.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid) === true;
  return isOurs && found.metadata.deletionTimestamp === undefined ? found : undefined;
}
