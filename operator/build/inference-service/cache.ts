import type { InferenceServiceSpec } from '../../../crds/schema/inference-service.ts';
import type { Settings } from '../../settings.ts';
import type { ServedModel } from './served-model.ts';

type CacheType = Settings['cache']['type'];
type AccessMode = Settings['cache']['accessMode'];

/** Where the pods of a new revision keep the model. A default of ImageVolume is for those models that can have it. */
export function cacheType(spec: InferenceServiceSpec, model: ServedModel, settings: Settings): CacheType {
  if (spec.cache !== undefined) return spec.cache.type;
  const isImpossible = settings.cache.type === 'ImageVolume' && !model.uri.startsWith('oci://');
  return isImpossible ? 'Ephemeral' : settings.cache.type;
}

/** How the cache claim may be mounted. */
export const cacheAccessMode = (spec: InferenceServiceSpec, settings: Settings): AccessMode =>
  spec.cache?.accessMode ?? settings.cache.accessMode;

/** Whether the pods of a revision mount the cache claim. */
export const mountsClaim = (
  template: { spec?: { volumes?: { persistentVolumeClaim?: { claimName: string } }[] } } | undefined,
  claimName: string,
): boolean => template?.spec?.volumes?.some((volume) => volume.persistentVolumeClaim?.claimName === claimName) ?? false;
