import type { InferenceService } from '../../../crds/schema/inference-service.ts';
import { API_VERSION } from '../../../crds/schema/shared.ts';
import type { Figures } from '../../decide/inference-service/figures.ts';
import type { Cluster, KindRef, KubeObject } from '../../kube/cluster.ts';
import type { Settings } from '../../settings.ts';
import type { CapacityReader } from './capacity-reader.ts';

/** What pods say of themselves, read elsewhere and at its own pace. */
export interface PodVoices {
  /** Live figures of a service, by `namespace/name`; undefined until they were read. */
  figures(key: string): Figures | undefined;
  /** What pods that run but are not ready say of their golden request, by pod uid. */
  readiness(key: string): ReadonlyMap<string, string>;
}

/** What a reconcile pass of an InferenceService works with. */
export interface ServiceDeps {
  cluster: Cluster;
  settings: Settings;
  capacity: CapacityReader;
  voices: PodVoices;
  now: () => Date;
}

export const INFERENCE_SERVICE: KindRef = { apiVersion: API_VERSION, kind: 'InferenceService' };
export const MODEL: KindRef = { apiVersion: API_VERSION, kind: 'Model' };
export const REVISION: KindRef = { apiVersion: 'apps/v1', kind: 'ControllerRevision' };
export const DEPLOYMENT: KindRef = { apiVersion: 'apps/v1', kind: 'Deployment' };
export const AUTOSCALER: KindRef = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler' };
export const DISRUPTION_BUDGET: KindRef = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget' };
export const CLAIM: KindRef = { apiVersion: 'v1', kind: 'PersistentVolumeClaim' };
export const CONFIG_MAP: KindRef = { apiVersion: 'v1', kind: 'ConfigMap' };
export const POD: KindRef = { apiVersion: 'v1', kind: 'Pod' };
export const NODE: KindRef = { apiVersion: 'v1', kind: 'Node' };

/** The key of a service in queues and maps. */
export const keyOf = ({ namespace, name }: { namespace: string; name: string }): string => `${namespace}/${name}`;

/** The service from the cache. */
export const getService = (
  cluster: Cluster,
  { namespace, name }: { namespace: string; name: string },
): InferenceService | undefined =>
  cluster.get<InferenceService & KubeObject>({ ...INFERENCE_SERVICE, namespace, name });
