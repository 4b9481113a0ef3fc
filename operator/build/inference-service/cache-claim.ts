import type { InferenceService } from '../../../crds/schema/inference-service.ts';
import { quantityValue } from '../../../crds/schema/quantity.ts';
import type { Settings } from '../../settings.ts';
import { childMeta } from '../child-meta.ts';
import { Label } from '../labels.ts';
import { cacheAccessMode } from './cache.ts';
import type { CacheClaim } from './children.ts';
import { cacheClaimName } from './names.ts';

/**
 * The claim that keeps the downloaded models; undefined when the one that exists is as the user asks. What the user leaves
 * open stays as it was made: a claim can hardly be changed, and a new default of the platform must not break what exists.
 */
export function buildCacheClaim(
  service: InferenceService,
  settings: Settings,
  live: CacheClaim | undefined,
): CacheClaim | undefined {
  const asked = service.spec.cache;
  const made = live === undefined ? defaults(service, settings) : valuesOf(live);
  const wanted: Values = {
    accessMode: asked?.accessMode ?? made.accessMode,
    size: String(asked?.size ?? made.size),
    storageClassName: asked?.storageClassName ?? made.storageClassName,
  };
  return live !== undefined && isSame(wanted, made) ? undefined : claim(service, wanted);
}

const claim = (service: InferenceService, { accessMode, size, storageClassName }: Values): CacheClaim => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: childMeta(service, cacheClaimName(service), { [Label.service]: service.metadata.name }),
  spec: {
    accessModes: [accessMode],
    resources: { requests: { storage: size } },
    ...(storageClassName === undefined ? {} : { storageClassName }),
  },
});

interface Values {
  accessMode: string;
  size: string;
  storageClassName: string | undefined;
}

const isSame = (a: Values, b: Values): boolean =>
  a.accessMode === b.accessMode &&
  a.storageClassName === b.storageClassName &&
  quantityValue(a.size) === quantityValue(b.size);

/** No class: the default class of the cluster. */
const defaults = ({ spec }: InferenceService, settings: Settings): Values => ({
  accessMode: cacheAccessMode(spec, settings),
  size: settings.cache.size,
  storageClassName: settings.cache.storageClassName === '' ? undefined : settings.cache.storageClassName,
});

const valuesOf = ({ spec }: CacheClaim): Values => ({
  accessMode: spec.accessModes?.[0] ?? 'ReadWriteOnce',
  size: spec.resources?.requests?.storage ?? '0',
  storageClassName: spec.storageClassName,
});
