import type { V1PodSpec, V1PodTemplateSpec } from '@kubernetes/client-node';
import type { InferenceService } from '../../../crds/schema/inference-service.ts';
import type { Settings } from '../../settings.ts';
import { Component, Label, MANAGED_BY } from '../labels.ts';
import { DEVICE_CLAIM } from '../accelerator.ts';
import { buildFetchContainer } from './fetch-container.ts';
import { podSelector } from './names.ts';
import { buildPlacement } from './placement.ts';
import { podSecurity } from '../pod-security.ts';
import { buildServeContainer } from './serve-container.ts';
import type { ServedModel } from './served-model.ts';
import { buildVolumes, isImageVolume } from './volumes.ts';

/** What a pod is made from. */
export interface PodPlan {
  service: InferenceService;
  model: ServedModel;
  settings: Settings;
  /** Name of the revision. */
  revision: string;
}

/** Time for the kubelet to kill what did not drain in time. */
const GRACE_BEYOND_DRAIN_SECONDS = 10;

/** The pods of a revision. Computed once, when the revision is first seen, and kept in its ControllerRevision. */
export const buildPodTemplate = (plan: PodPlan): V1PodTemplateSpec => ({
  metadata: {
    labels: {
      [Label.managedBy]: MANAGED_BY,
      [Label.component]: Component.serving,
      ...podSelector(plan.service),
      [Label.model]: plan.model.name,
      [Label.modelRevision]: plan.model.revision,
      [Label.revision]: plan.revision,
    },
  },
  spec: buildPodSpec(plan),
});

function buildPodSpec(plan: PodPlan): V1PodSpec {
  const pullSecrets = imagePullSecrets(plan);
  return {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: podSecurity(),
    terminationGracePeriodSeconds: plan.settings.serving.drainSeconds + GRACE_BEYOND_DRAIN_SECONDS,
    ...(pullSecrets.length === 0 ? {} : { imagePullSecrets: pullSecrets.map((name) => ({ name })) }),
    ...(isImageVolume(plan) ? {} : { initContainers: [buildFetchContainer(plan)] }),
    containers: [buildServeContainer(plan)],
    volumes: buildVolumes(plan),
    ...deviceClaims(plan),
    ...buildPlacement(plan),
  };
}

/** The kubelet pulls image volumes, so it needs the login that fetch would have used. */
function imagePullSecrets(plan: PodPlan): string[] {
  const login = isImageVolume(plan) ? plan.model.credentialsSecret : undefined;
  return [...plan.settings.imagePullSecrets, ...(login === undefined ? [] : [login])];
}

const deviceClaims = ({ service, revision }: PodPlan): Pick<V1PodSpec, 'resourceClaims'> =>
  service.spec.accelerator?.deviceClass === undefined
    ? {}
    : { resourceClaims: [{ name: DEVICE_CLAIM, resourceClaimTemplateName: revision }] };
