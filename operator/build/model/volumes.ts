import { quantityValue } from '../../../crds/schema/quantity.ts';
import type { SourcedModel } from '../../../crds/schema/model.ts';
import type { VerificationRequest } from './request.ts';

/** Where things are in the pods (docs/reference/pod-contract.md). */
export const Mount = {
  models: '/models',
  golden: '/golden',
  credentials: '/credentials',
  ca: '/ca',
  source: '/source',
  tmp: '/tmp',
} as const;
export const CA_FILE = `${Mount.ca}/ca.crt`;
export const GOLDEN_FILE = `${Mount.golden}/golden.json`;

const READABLE_BY_GROUP = 0o440;
const SPARE_BYTES = 64 * 2 ** 20;

const mount = (name: keyof typeof Mount, isReadOnly = true) => ({
  name,
  mountPath: Mount[name],
  ...(isReadOnly ? { readOnly: true } : {}),
});

/** The container that downloads is the only one that sees the credentials, the CA and the claim. */
export const fetchMounts = ({ spec }: SourcedModel) => [
  mount('models', false),
  mount('tmp', false),
  ...(spec.credentials === undefined ? [] : [mount('credentials')]),
  ...(spec.source.caBundle === undefined ? [] : [mount('ca')]),
  ...(claimOf(spec.source.uri) === undefined ? [] : [mount('source')]),
];

/** The container that verifies cannot change the model. */
export const verifyMounts = ({ goldenConfigMap }: VerificationRequest) => [
  mount('models'),
  mount('tmp', false),
  ...(goldenConfigMap === undefined ? [] : [mount('golden')]),
];

/** The volumes behind all mounts. */
export function buildVolumes({ model, settings, goldenConfigMap }: VerificationRequest) {
  const { source, credentials } = model.spec;
  const claimName = claimOf(source.uri);
  const secret = credentials && { secretName: credentials.secretName, defaultMode: READABLE_BY_GROUP };
  const { caBundle } = source;
  return [
    { name: 'models', emptyDir: { sizeLimit: cacheBytes(source.maxSize ?? settings.fetch.maxSize) } },
    { name: 'tmp', emptyDir: {} },
    ...(goldenConfigMap === undefined ? [] : [{ name: 'golden', configMap: { name: goldenConfigMap } }]),
    ...(secret === undefined ? [] : [{ name: 'credentials', secret }]),
    ...(caBundle === undefined
      ? []
      : [{ name: 'ca', configMap: { name: caBundle.name, items: [{ key: caBundle.key, path: 'ca.crt' }] } }]),
    ...(claimName === undefined ? [] : [{ name: 'source', persistentVolumeClaim: { claimName, readOnly: true } }]),
  ];
}

/** Room for the archive and for what is unpacked from it. */
const cacheBytes = (maxSize: string | number): string => String(2 * Math.ceil(quantityValue(maxSize)) + SPARE_BYTES);

const claimOf = (uri: string): string | undefined => /^pvc:\/\/([^/]+)/.exec(uri)?.[1];
