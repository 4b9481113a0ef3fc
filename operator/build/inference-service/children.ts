import type {
  V1DeploymentSpec,
  V1NetworkPolicyIngressRule,
  V1NetworkPolicyPeer,
  V1NetworkPolicySpec,
  V1PersistentVolumeClaimSpec,
  V1PodDisruptionBudgetSpec,
  V1PodTemplateSpec,
  V1ResourceClaimTemplateSpec,
  V1ServiceSpec,
  V2HorizontalPodAutoscalerSpec,
} from '@kubernetes/client-node';
import type { Child } from '../child.ts';
import type { ChildCondition } from '../pod.ts';
import type { ServedModel } from './served-model.ts';

/** What a revision keeps for good: the model it serves, and its pods to the last byte. */
export interface RevisionData {
  model: ServedModel;
  template: V1PodTemplateSpec;
  /** The devices each pod claims, when they are claimed through Dynamic Resource Allocation. */
  deviceClaim?: V1ResourceClaimTemplateSpec;
}

export type Revision = Child & { data: RevisionData; revision: number };
export type Deployment = Child & { spec: V1DeploymentSpec; status?: DeploymentStatus };
export type Service = Child & { spec: V1ServiceSpec };
export type Autoscaler = Child & { spec: V2HorizontalPodAutoscalerSpec };
export type DisruptionBudget = Child & { spec: V1PodDisruptionBudgetSpec };
export type NetworkPolicy = Child & { spec: Omit<V1NetworkPolicySpec, 'ingress'> & { ingress: IngressRule[] } };

/** A rule as JSON carries it: the client's type spells `from` as `_from`. */
export type IngressRule = Omit<V1NetworkPolicyIngressRule, '_from'> & { from?: V1NetworkPolicyPeer[] };

export type CacheClaim = Child & { spec: V1PersistentVolumeClaimSpec; status?: { phase?: string } };
export type DeviceClaimTemplate = Child & { spec: V1ResourceClaimTemplateSpec };
export type ConfigMap = Child & { immutable?: boolean; data?: Record<string, string> };

/** The part of a Deployment's status that is read. */
interface DeploymentStatus {
  observedGeneration?: number;
  replicas?: number;
  updatedReplicas?: number;
  readyReplicas?: number;
  conditions?: ChildCondition[];
}

export type { ChildCondition, ContainerStatus, Pod, Terminated } from '../pod.ts';
