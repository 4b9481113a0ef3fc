import { expect, test } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';
import type { InferenceService, InferenceServiceSpec } from '../../../crds/schema/inference-service.ts';
import { API_VERSION } from '../../../crds/schema/shared.ts';
import { parseSettings } from '../../settings.ts';
import { buildAutoscaler } from './autoscaler.ts';
import { buildCacheClaim } from './cache-claim.ts';
import { buildDeployment } from './deployment.ts';
import { buildDisruptionBudget } from './disruption-budget.ts';
import { buildNetworkPolicy } from './network-policy.ts';
import {
  buildDeviceClaimTemplate,
  buildGoldenCopy,
  buildRevision,
  buildRevisionData,
  revisionName,
} from './revision.ts';
import type { ServedModel } from './served-model.ts';
import { buildService } from './service.ts';

const settings = parseSettings({ runtimeImage: 'registry.example/runtime:1.0' });
const productLabel = 'nvidia.com/gpu.product';
const model: ServedModel = {
  name: 'digits',
  revision: '0a1b2c3d4e',
  digest: `sha256:${'a'.repeat(64)}`,
  uri: 'https://models.example/digits.onnx',
  task: 'image-classification',
};

const service = (spec: Partial<InferenceServiceSpec> = {}): InferenceService => ({
  apiVersion: API_VERSION,
  kind: 'InferenceService',
  metadata: { name: 'digits', namespace: 'team', uid: '11111111-2222-3333-4444-555555555555' },
  spec: { model: { name: 'digits' }, suspend: false, ...spec },
});

const revision = (spec: Partial<InferenceServiceSpec>, change: Partial<ServedModel> = {}, platform = settings) =>
  buildRevision(service(spec), buildRevisionData(service(spec), { ...model, ...change }, platform), 1);

const deployment = (spec: Partial<InferenceServiceSpec>, change: Partial<ServedModel> = {}, platform = settings) =>
  buildDeployment(service(spec), revision(spec, change, platform), spec.replicas ?? 1);

const affinity = {
  podAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: [
      { topologyKey: 'zone', labelSelector: { matchLabels: { a: 'b' } } },
    ],
  },
};

test.each([
  {
    file: 'minimal',
    objects: () => [revision({}), deployment({}), buildService(service()), buildNetworkPolicy(service(), settings)],
  },
  {
    file: 'batching',
    objects: () => [deployment({ batching: { maxSize: 32, maxDelayMs: 5, targetP99Ms: 50 } })],
  },
  {
    file: 'gpu-image',
    objects: () => [
      deployment(
        { accelerator: { resourceName: 'nvidia.com/gpu', count: 1, productLabel } },
        {},
        parseSettings({
          runtimeImage: 'registry.example/runtime:1.0',
          gpuRuntimeImage: 'registry.example/runtime-gpu:1.0',
        }),
      ),
    ],
  },
  {
    file: 'private-source',
    objects: () => [
      deployment(
        {},
        {
          uri: 'oci://registry.example:5000/team/digits:1.0',
          credentialsSecret: 'login',
          caBundle: { name: 'ca', key: 'ca.pem' },
          maxSize: '1Gi',
          goldenConfigMap: 'digits-golden',
        },
        parseSettings({
          runtimeImage: 'r:1',
          imagePullSecrets: ['pull'],
          insecureRegistries: ['registry.example:5000'],
          fetch: { allowedPrivateHosts: ['*.internal.example'] },
        }),
      ),
      buildGoldenCopy(revision({}, { goldenConfigMap: 'digits-golden' }), {
        data: { 'golden.json': '{"examples":[]}' },
      }),
    ],
  },
  {
    file: 'store-source',
    objects: () => [
      deployment(
        {},
        { uri: 's3://models/digits/?region=eu-1', credentialsSecret: 's3' },
        parseSettings({ runtimeImage: 'r:1', fetch: { s3Endpoint: 'https://minio.example:9000' } }),
      ),
    ],
  },
  { file: 'claim-source', objects: () => [deployment({}, { uri: 'pvc://store/models/digits.onnx' })] },
  {
    file: 'shared-cache',
    objects: () => {
      const spec = { cache: { type: 'Claim' as const, size: '5Gi' }, placement: { affinity } };
      return [deployment(spec), buildCacheClaim(service(spec), settings, undefined)];
    },
  },
  {
    file: 'image-volume',
    objects: () => [
      deployment(
        { cache: { type: 'ImageVolume' } },
        { uri: 'oci://registry.example:5000/team/digits:1.0', credentialsSecret: 'login' },
      ),
    ],
  },
  {
    file: 'gpu',
    objects: () => [
      deployment({
        accelerator: { resourceName: 'nvidia.com/gpu', count: 2, product: 'NVIDIA-A10', productLabel },
        resources: { requests: { cpu: '2', memory: '8Gi' } },
        placement: {
          nodeSelector: { zone: 'a' },
          tolerations: [{ key: 'dedicated', operator: 'Exists' }],
          priorityClassName: 'high',
        },
      }),
    ],
  },
  { file: 'no-surge', objects: () => [deployment({ rollout: { surge: 0 } })] },
  { file: 'mig', objects: () => [deployment({ accelerator: { mig: '1g.10gb', count: 1, productLabel } })] },
  {
    file: 'device-class',
    objects: () => {
      const spec = { accelerator: { deviceClass: 'gpu.nvidia.com', count: 2, productLabel } };
      return [deployment(spec), buildDeviceClaimTemplate(revision(spec))];
    },
  },
  {
    file: 'scaled',
    objects: () => {
      const scaled = service({ scaling: { min: 2, max: 8, metric: 'memory', target: 60 } });
      return [
        buildDeployment(scaled, revision(scaled.spec), undefined),
        buildAutoscaler(scaled),
        buildDisruptionBudget(scaled),
      ];
    },
  },
])('testdata/$file.yaml', ({ file, objects }) => {
  const path = join(import.meta.dirname, 'testdata', `${file}.yaml`);
  const built = JSON.parse(JSON.stringify(objects())) as unknown[];
  if (process.env.UPDATE_TESTDATA === '1') {
    writeFileSync(
      path,
      built.map((object) => `---\n${stringify(object, { lineWidth: 0, aliasDuplicateObjects: false })}`).join(''),
    );
  }
  const expected = parseAllDocuments(readFileSync(path, 'utf8')).map((document) => document.toJS() as unknown);
  expect(built).toEqual(expected);
});

test.each([
  {
    name: 'no requests at all',
    resources: undefined,
    want: { requests: { cpu: '250m', memory: '256Mi' }, limits: { memory: '2Gi' } },
  },
  {
    name: 'a request above the default limit lifts it',
    resources: { requests: { memory: '4Gi' } },
    want: { requests: { cpu: '250m', memory: '4Gi' }, limits: { memory: '4Gi' } },
  },
  {
    name: 'a limit below the default request lowers it',
    resources: { limits: { cpu: '100m', memory: '128Mi' } },
    want: { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '100m', memory: '128Mi' } },
  },
])('resources: $name', ({ resources, want }) => {
  const { template } = revision(resources === undefined ? {} : { resources }).data;
  expect(template.spec?.containers[0]?.resources).toEqual(want);
});

test('a default of image volumes is for models of registries only', () => {
  const platform = parseSettings({ runtimeImage: 'r:1', cache: { type: 'ImageVolume' } });
  const volumeOf = (uri: string) => revision({}, { uri }, platform).data.template.spec?.volumes?.[0];
  expect(volumeOf('https://models.example/digits.onnx')).toEqual({ name: 'models', emptyDir: {} });
  expect(volumeOf('oci://registry.example/digits:1')).toHaveProperty('image');
});

test.each([
  { name: 'the runtime image and settings do not name a revision', change: {}, isSame: true },
  { name: 'how many pods do not', change: { replicas: 5 }, isSame: true },
  { name: 'suspension does not', change: { suspend: true }, isSame: true },
  { name: 'how it rolls out does not', change: { rollout: { surge: 0 } }, isSame: true },
  { name: 'resources do', change: { resources: { limits: { cpu: 2 } } }, isSame: false },
  { name: 'the accelerator does', change: { accelerator: { mig: '1g.10gb', count: 1, productLabel } }, isSame: false },
  { name: 'placement does', change: { placement: { priorityClassName: 'high' } }, isSame: false },
])('$name', ({ change, isSame }) => {
  expect(revisionName(service(change), model) === revisionName(service(), model)).toBe(isSame);
});

test.each([
  { name: 'the limit of bytes does not name a revision', change: { maxSize: '1Gi' }, isSame: true },
  { name: 'a tag of the same digest does not', change: { uri: 'oci://registry.example/digits:2' }, isSame: true },
  { name: 'another registry does', change: { uri: 'oci://new.example/digits:1' }, isSame: false },
  { name: 'another login does', change: { credentialsSecret: 'new' }, isSame: false },
  { name: 'other certificates do', change: { caBundle: { name: 'ca', key: 'ca.crt' } }, isSame: false },
])('$name', ({ change, isSame }) => {
  const fromRegistry = { ...model, uri: 'oci://registry.example/digits:1' };
  const name = revisionName(service(), { ...fromRegistry, ...change });
  expect(name === revisionName(service(), fromRegistry)).toBe(isSame);
});

test('every name is a label, also of the longest service', () => {
  const longest = service();
  longest.metadata.name = 'a'.repeat(52);
  expect(revisionName(longest, model).length).toBeLessThanOrEqual(63);
});
