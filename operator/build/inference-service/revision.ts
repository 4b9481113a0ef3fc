import type { InferenceService } from '../../../crds/schema/inference-service.ts';
import type { Settings } from '../../settings.ts';
import { childMeta } from '../child-meta.ts';
import { Component, Label } from '../labels.ts';
import { childName, shortHash } from '../naming.ts';
import { buildDeviceClaim } from '../accelerator.ts';
import type { ConfigMap, DeviceClaimTemplate, Revision, RevisionData } from './children.ts';
import { RESTARTED_AT } from './names.ts';
import { buildPodTemplate } from './pod-template.ts';
import type { ServedModel } from './served-model.ts';
import { pinnedUri } from '../pinned-uri.ts';

/**
 * Name of the revision that the user asks for. It hashes only what the user controls: a new operator, runtime image or
 * setting gives the same name, so it finds the frozen template and restarts nothing.
 */
export function revisionName({ metadata, spec }: InferenceService, model: ServedModel): string {
  const identity = {
    model: model.name,
    modelRevision: model.revision,
    digest: model.digest,
    // Pods that start later must find the model where it is now, and with the login that is valid now.
    source: pinnedUri(model),
    credentialsSecret: model.credentialsSecret,
    caBundle: model.caBundle,
    resources: spec.resources,
    accelerator: spec.accelerator,
    cache: spec.cache === undefined ? undefined : { type: spec.cache.type, accessMode: spec.cache.accessMode },
    placement: spec.placement,
    batching: spec.batching,
    providers: spec.providers,
    restartedAt: metadata.annotations?.[RESTARTED_AT],
  };
  return childName(metadata.name, shortHash(identity));
}

/** What a revision keeps for good, computed when it is first seen. */
export function buildRevisionData(service: InferenceService, model: ServedModel, settings: Settings): RevisionData {
  const deviceClaim = buildDeviceClaim(service.spec.accelerator);
  const revision = revisionName(service, model);
  return {
    model,
    template: buildPodTemplate({ service, model, settings, revision }),
    ...(deviceClaim === undefined ? {} : { deviceClaim }),
  };
}

/** The ControllerRevision that freezes a revision; its data can never be changed. */
export const buildRevision = (service: InferenceService, data: RevisionData, number: number): Revision => ({
  apiVersion: 'apps/v1',
  kind: 'ControllerRevision',
  metadata: childMeta(service, revisionName(service, data.model), {
    [Label.service]: service.metadata.name,
    [Label.modelRevision]: data.model.revision,
  }),
  data,
  revision: number,
});

/**
 * The revision's own copy of the golden examples: the Model's goes with the Model, and pods must be able to start after that.
 * Owned by the revision, so that it goes when the revision goes.
 */
export const buildGoldenCopy = (revision: Revision, golden: Pick<ConfigMap, 'data'>): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: childMeta(revision, revision.metadata.name, childLabels(revision)),
  immutable: true,
  data: golden.data ?? {},
});

/** The template from which Kubernetes makes a device claim for each pod of the revision. */
export const buildDeviceClaimTemplate = (revision: Revision): DeviceClaimTemplate | undefined =>
  revision.data.deviceClaim === undefined
    ? undefined
    : {
        apiVersion: 'resource.k8s.io/v1',
        kind: 'ResourceClaimTemplate',
        metadata: childMeta(revision, revision.metadata.name, childLabels(revision)),
        spec: revision.data.deviceClaim,
      };

const childLabels = ({ metadata }: Revision): Record<string, string> => ({
  [Label.service]: metadata.labels?.[Label.service] ?? '',
  [Label.component]: Component.serving,
});
