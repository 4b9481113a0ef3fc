import type { V1PodSpec } from '@kubernetes/client-node';
import type { Child } from './child.ts';

/** A condition of a Deployment, Job or Pod, as JSON carries it. */
export interface ChildCondition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
}

/** How a container ended. */
export interface Terminated {
  exitCode: number;
  reason?: string;
  message?: string;
  finishedAt?: string;
}

/** The part of a container's status that is read. */
export interface ContainerStatus {
  name: string;
  image?: string;
  ready?: boolean;
  started?: boolean;
  restartCount?: number;
  state?: {
    waiting?: { reason?: string; message?: string };
    running?: { startedAt?: string };
    terminated?: Terminated;
  };
  lastState?: { terminated?: Terminated };
}

/** A pod, as the kubelet and the scheduler report it. */
export type Pod = Child & {
  spec?: V1PodSpec;
  status?: {
    phase?: string;
    reason?: string;
    message?: string;
    podIP?: string;
    startTime?: string;
    conditions?: ChildCondition[];
    initContainerStatuses?: ContainerStatus[];
    containerStatuses?: ContainerStatus[];
  };
};
