import type {
  V1JobSpec,
  V1PersistentVolumeClaimSpec,
  V1ResourceClaimTemplateSpec,
  V1ServiceSpec,
} from '@kubernetes/client-node';
import type { Child } from '../child.ts';

export type StageJob = Child & { spec: V1JobSpec };
export type WorkspaceClaim = Child & { spec: V1PersistentVolumeClaimSpec; status?: { phase?: string } };
export type WorkersService = Child & { spec: V1ServiceSpec };
export type DeviceClaimTemplate = Child & { spec: V1ResourceClaimTemplateSpec };
