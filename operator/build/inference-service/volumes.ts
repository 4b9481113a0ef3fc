import type { V1Volume, V1VolumeMount } from '@kubernetes/client-node';
import type { Settings } from '../../settings.ts';
import { imageReference } from '../pinned-uri.ts';
import { cacheClaimName } from './names.ts';
import { cacheType } from './cache.ts';
import type { PodPlan } from './pod-template.ts';
import type { ServedModel } from './served-model.ts';

const DIGEST_PREFIX = 'sha256:';

/** Folder of the model inside the cache: the same in every kind of cache. */
export const modelDir = ({ digest }: ServedModel): string => `/models/sha256-${digest.slice(DIGEST_PREFIX.length)}`;

/** Whether the node pulls the model like an image, so that no container fetches it. */
export const isImageVolume = ({ service, model, settings }: PodPlan): boolean =>
  cacheType(service.spec, model, settings) === 'ImageVolume';

/** Where the model is mounted. An image volume holds the files themselves, so it is mounted where fetch would put them. */
export const modelMount = (plan: PodPlan, readOnly: boolean): V1VolumeMount => ({
  name: 'models',
  mountPath: isImageVolume(plan) ? modelDir(plan.model) : '/models',
  ...(readOnly ? { readOnly } : {}),
});

/** All volumes of the pod. */
export function buildVolumes(plan: PodPlan): V1Volume[] {
  const { model, revision } = plan;
  return [
    modelsVolume(plan),
    { name: 'tmp', emptyDir: {} },
    ...(model.goldenConfigMap === undefined ? [] : [{ name: 'golden', configMap: { name: revision } }]),
    ...(isImageVolume(plan) ? [] : fetchVolumes(model)),
  ];
}

function modelsVolume(plan: PodPlan): V1Volume {
  const { service, model, settings } = plan;
  const type: Settings['cache']['type'] = cacheType(service.spec, model, settings);
  switch (type) {
    case 'Ephemeral':
      return { name: 'models', emptyDir: {} };
    case 'Claim':
      return { name: 'models', persistentVolumeClaim: { claimName: cacheClaimName(service) } };
    case 'ImageVolume':
      return { name: 'models', image: { reference: imageReference(model), pullPolicy: 'IfNotPresent' } };
  }
}

/** Volumes that only the fetch container mounts. */
function fetchVolumes({ credentialsSecret, caBundle, uri }: ServedModel): V1Volume[] {
  const claimName = sourceClaim(uri);
  return [
    ...(credentialsSecret === undefined
      ? []
      : [{ name: 'credentials', secret: { secretName: credentialsSecret, defaultMode: 0o440 } }]),
    ...(caBundle === undefined
      ? []
      : [{ name: 'ca', configMap: { name: caBundle.name, items: [{ key: caBundle.key, path: 'ca.crt' }] } }]),
    ...(claimName === undefined ? [] : [{ name: 'source', persistentVolumeClaim: { claimName, readOnly: true } }]),
  ];
}

/** The claim that a `pvc://claim/path` source is read from. */
export const sourceClaim = (uri: string): string | undefined => /^pvc:\/\/([^/]+)\//.exec(uri)?.[1];
