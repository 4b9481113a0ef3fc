/** Where a value sits in an object: the name of its field and of the field around that, list indexes left out. */
export interface FieldPlace {
  field: string;
  parent: string;
}

/** The place of the object itself. */
export const TOP: FieldPlace = { field: '', parent: '' };

/** The place of a field of the object at `place`. */
export const fieldAt = (place: FieldPlace, field: string): FieldPlace => ({ field, parent: place.field });

const MAP_LISTS: Readonly<Record<string, readonly string[]>> = {
  containers: ['name'],
  initContainers: ['name'],
  ephemeralContainers: ['name'],
  env: ['name'],
  volumes: ['name'],
  volumeMounts: ['mountPath'],
  volumeDevices: ['devicePath'],
  imagePullSecrets: ['name'],
  resourceClaims: ['name'],
  claims: ['name'],
  hostAliases: ['ip'],
  topologySpreadConstraints: ['topologyKey', 'whenUnsatisfiable'],
  ownerReferences: ['uid'],
  conditions: ['type'],
};

/**
 * The keys of a list whose elements others may add to (`x-kubernetes-list-type: map` in the API), undefined for an atomic list.
 * `ports` is such a list in a Service and in a container, but atomic in a NetworkPolicy.
 */
export function listKeys({ field, parent }: FieldPlace): readonly string[] | undefined {
  if (field !== 'ports') return MAP_LISTS[field];
  if (parent === 'spec') return ['port', 'protocol'];
  return parent === 'containers' || parent === 'initContainers' ? ['containerPort', 'protocol'] : undefined;
}

/** What tells elements of a map list apart, as one string. */
export const elementKey = (element: unknown, keys: readonly string[]): string =>
  JSON.stringify(keys.map((key) => (isObject(element) ? element[key] : undefined) ?? defaultOf(key)));

const defaultOf = (key: string): string => (key === 'protocol' ? 'TCP' : '');

const AMOUNT_MAPS = new Set(['requests', 'limits', 'hard', 'capacity']);
const AMOUNT_FIELDS = new Set(['sizeLimit', 'storage', 'divisor', 'averageValue']);

/** Whether the API server treats the value here as a quantity. */
export const isAmount = ({ field, parent }: FieldPlace): boolean => AMOUNT_MAPS.has(parent) || AMOUNT_FIELDS.has(field);

/** Whether a JSON value is an object (not null, not a list). */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
