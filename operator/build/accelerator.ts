import type { V1ResourceClaimTemplateSpec, V1Toleration } from '@kubernetes/client-node';
import type { InferenceServiceSpec } from '../../crds/schema/inference-service.ts';

/** What a spec may say of the accelerator that each pod gets; every kind says it alike. */
export type Accelerator = NonNullable<InferenceServiceSpec['accelerator']>;

const NVIDIA_TAINT = 'nvidia.com/gpu';

/** Name of the claim inside the pod. */
export const DEVICE_CLAIM = 'accelerator';

/** The extended resource that the pods ask for; undefined when devices are claimed by device class. */
function extendedResource(accelerator: Accelerator): string | undefined {
  if (accelerator.resourceName !== undefined) return accelerator.resourceName;
  return accelerator.mig === undefined ? undefined : `nvidia.com/mig-${accelerator.mig.replace('+', '.')}`;
}

/** Limits for the accelerator; requests follow from them. */
export function acceleratorLimits(accelerator: Accelerator | undefined): Record<string, string> {
  const resource = accelerator === undefined ? undefined : extendedResource(accelerator);
  return accelerator === undefined || resource === undefined ? {} : { [resource]: String(accelerator.count) };
}

/** The devices that each pod claims when they are named by device class. */
export function buildDeviceClaim(accelerator: Accelerator | undefined): V1ResourceClaimTemplateSpec | undefined {
  if (accelerator?.deviceClass === undefined) return undefined;
  const exactly = {
    deviceClassName: accelerator.deviceClass,
    allocationMode: 'ExactCount',
    count: accelerator.count,
  };
  return { spec: { devices: { requests: [{ name: DEVICE_CLAIM, exactly }] } } };
}

/** The taints that clouds and the GPU operator put on nodes with accelerators; every user of one would have to tolerate them. */
export function acceleratorTolerations(accelerator: Accelerator | undefined): V1Toleration[] {
  if (accelerator === undefined) return [];
  const resource = extendedResource(accelerator);
  const isNvidia = (resource ?? accelerator.deviceClass ?? '').includes('nvidia.com');
  const keys = new Set([...(isNvidia ? [NVIDIA_TAINT] : []), ...(resource === undefined ? [] : [resource])]);
  return [...keys].map((key) => ({ key, operator: 'Exists', effect: 'NoSchedule' }));
}

/** The node label that names the wanted product. */
export const productSelector = (accelerator: Accelerator | undefined): Record<string, string> =>
  accelerator?.product === undefined ? {} : { [accelerator.productLabel]: accelerator.product };
