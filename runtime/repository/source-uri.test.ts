import { expect, test } from '@jest/globals';
import { planLayers } from './oci-layers.ts';
import { parseChallenge } from './oci-auth.ts';
import { safeRelativePath } from './safe-path.ts';
import { parseSourceUri } from './source-uri.ts';

const HEX = 'a'.repeat(64);

test.each([
  ['oci://reg:5000/team/iris:v1', { registry: 'reg:5000', repository: 'team/iris', tag: 'v1' }],
  [`oci://reg/iris@sha256:${HEX}`, { registry: 'reg', repository: 'iris', digest: `sha256:${HEX}` }],
  ['oci://docker.io/team/iris', { registry: 'registry-1.docker.io', tag: 'latest' }],
  ['pvc://claim/a/b.onnx', { claim: 'claim', path: 'a/b.onnx' }],
  ['https://host/m.onnx?x=1', { scheme: 'https' }],
  ['s3://models/a/b.onnx', { bucket: 'models', key: 'a/b.onnx' }],
  ['s3://my.models/a%20b/', { bucket: 'my.models', key: 'a b/' }],
  [
    's3://m-1/a?endpoint=https://minio:9000&region=eu-central-1&versionId=x',
    { endpoint: 'https://minio:9000', region: 'eu-central-1', versionId: 'x' },
  ],
  ['hf://owner/name', { repository: 'owner/name', revision: 'main', path: '' }],
  ['hf://owner/name@v1.0/onnx/model.onnx', { revision: 'v1.0', path: 'onnx/model.onnx' }],
  ['hf://owner/name@refs/pr/3/onnx', { revision: 'refs/pr/3', path: 'onnx' }],
  ['hf://datasets/owner/name@v1/data/train.csv', { kind: 'datasets', repository: 'owner/name', revision: 'v1' }],
  ['hf://datasets/owner', { kind: 'models', repository: 'datasets/owner' }],
  ['hf://owner/name@feature%2Fx', { revision: 'feature/x', path: '' }],
])('%s is taken apart', (uri, parts) => {
  expect(parseSourceUri(uri)).toMatchObject(parts);
});

test.each([
  'http://host/m.onnx',
  'ftp://x/y',
  'oci://reg',
  'oci://reg/UPPER',
  'oci://reg/a@sha256:1',
  'pvc://claim',
  'https://',
  's3://models',
  's3://models/',
  's3://Models/a',
  's3://a..b/c',
  's3://models/../x',
  's3://models/a/%2e%2e/x',
  's3://models/a%zz',
  's3://models/a?profile=x',
  's3://key:secret@models/a',
  'hf://name',
  'hf://owner/name@',
  'hf://owner/name/../x',
  'hf://owner/name@%2e%2e%2fx',
  'hf://-owner/name',
])('%s is refused', (uri) => {
  expect(() => parseSourceUri(uri)).toThrow(expect.objectContaining({ reason: 'SourceRefused' }));
});

test('a login in a URI is refused and not repeated', () => {
  expect(() => parseSourceUri('https://ada:lovelace@host/m.onnx')).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining('lovelace') }),
  );
});

test.each(['../x', '/etc/passwd', 'a/../../b', 'a//b', 'a\\b', 'a\0b', '', '.', 'a/./b', 'x'.repeat(600)])(
  'a file named %j does not get into the cache',
  (name) => {
    expect(() => safeRelativePath(name)).toThrow(expect.objectContaining({ reason: 'ArtifactInvalid' }));
  },
);

test('a challenge is read with its parameters', () => {
  expect(parseChallenge('Bearer realm="https://auth/token",service="reg",scope="repository:a:pull,push"')).toEqual({
    scheme: 'bearer',
    parameters: { realm: 'https://auth/token', service: 'reg', scope: 'repository:a:pull,push' },
  });
  expect(parseChallenge('Basic realm="x"')?.scheme).toBe('basic');
  expect(parseChallenge('Negotiate')).toBeUndefined();
});

const layer = (mediaType: string, annotations?: Record<string, string>) => ({
  mediaType,
  digest: `sha256:${HEX}`,
  size: 1,
  ...(annotations && { annotations }),
});
const manifestOf = (...layers: ReturnType<typeof layer>[]) => ({
  schemaVersion: 2 as const,
  config: layer('application/json'),
  layers,
});

test.each([
  ['ModelPack raw', layer('application/vnd.cncf.model.weight.v1.raw', { 'org.cncf.model.filepath': 'm.onnx' }), 'file'],
  [
    'ModelPack tar',
    layer('application/vnd.cncf.model.weight.v1.tar', { 'org.cncf.model.filepath': 'm.onnx' }),
    'archive',
  ],
  ['ModelPack tar+gzip', layer('application/vnd.cncf.model.weight.v1.tar+gzip'), 'archive'],
  [
    'ORAS file',
    layer('application/vnd.oci.image.layer.v1.tar', { 'org.opencontainers.image.title': 'm.onnx' }),
    'file',
  ],
  [
    'ORAS folder',
    layer('application/vnd.oci.image.layer.v1.tar+gzip', {
      'org.opencontainers.image.title': 'dir',
      'io.deis.oras.content.unpack': 'true',
    }),
    'archive',
  ],
  ['image layer', layer('application/vnd.oci.image.layer.v1.tar+gzip'), 'archive'],
  ['Docker layer', layer('application/vnd.docker.image.rootfs.diff.tar.gzip'), 'archive'],
])('%s layer is placed as it should', (_name, given, kind) => {
  expect(planLayers(manifestOf(given))[0]?.kind).toBe(kind);
});

test.each([
  ['no layers', manifestOf()],
  ['a layer without a name', manifestOf(layer('application/octet-stream'))],
  ['a layer that leaves the folder', manifestOf(layer('x/y', { 'org.cncf.model.filepath': '../m.onnx' }))],
  ['a digest that is none', manifestOf({ ...layer('x.tar'), digest: 'sha256:../../x' })],
])('an artifact with %s is refused', (_name, manifest) => {
  expect(() => planLayers(manifest)).toThrow(expect.objectContaining({ reason: 'ArtifactInvalid' }));
});
