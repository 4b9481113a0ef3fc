import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestS3 } from '../runtime/testdata/s3-server.ts';
import { startS3 } from '../runtime/testdata/s3-server.ts';
import { apply, environment, get, untilCondition } from './cluster.ts';
import { inNamespace } from './in-namespace.ts';

const NAMESPACE = inNamespace('e2e-sources');
const iris = readFileSync('library/iris/model.onnx');
const golden = readFileSync('library/iris/golden.json');
const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

let s3: TestS3;

const object = (kind: string, name: string, more: Record<string, unknown>) => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, namespace: NAMESPACE },
  ...more,
});
const model = (name: string, uri: string, extra: Record<string, unknown> = {}) => ({
  apiVersion: 'aimass.dev/v1alpha1',
  kind: 'Model',
  metadata: { name, namespace: NAMESPACE },
  spec: {
    task: 'tabular-classification',
    source: { uri, caBundle: { name: 'ca' } },
    credentials: { secretName: 's3' },
    ...extra,
  },
});

beforeAll(async () => {
  s3 = await startS3(environment.hostAddress());
  await s3.createBucket('models');
  await s3.put('models', 'iris/model.onnx', iris);
  await s3.put('models', 'iris/golden.json', golden);
  await apply(
    object('ConfigMap', 'ca', { data: { 'ca.crt': readFileSync(s3.caFile, 'utf8') } }),
    object('Secret', 's3', { stringData: { ...s3.login, endpoint: s3.origin, region: s3.region } }),
    object('Secret', 'wrong', {
      stringData: { ...s3.login, secretAccessKey: 'wrong', endpoint: s3.origin, region: s3.region },
    }),
  );
});
afterAll(async () => {
  await s3?.stop();
});

test('an object of an S3 store is verified under the digest of its bytes', async () => {
  await apply(model('object', 's3://models/iris/model.onnx', { sha256: sha256(iris) }));
  const { status } = await untilCondition('model.aimass.dev', 'object', { namespace: NAMESPACE });
  expect(status).toMatchObject({ current: { digest: `sha256:${sha256(iris)}`, sizeBytes: iris.length } });
});

test('a prefix of it comes with its golden examples, and is served', async () => {
  const service = {
    apiVersion: 'aimass.dev/v1alpha1',
    kind: 'InferenceService',
    metadata: { name: 'prefix', namespace: NAMESPACE },
    spec: { model: { name: 'prefix' } },
  };
  await apply(model('prefix', 's3://models/iris/'), service);
  const { status } = await untilCondition('model.aimass.dev', 'prefix', { namespace: NAMESPACE });
  const list = `${sha256(golden)}  golden.json\n${sha256(iris)}  model.onnx\n`;
  expect(status).toMatchObject({
    current: { digest: `sha256:${sha256(list)}`, report: { golden: { source: 'Artifact' } } },
  });
  await untilCondition('inferenceservice.aimass.dev', 'prefix', { namespace: NAMESPACE });
});

test.each([
  {
    name: 'wrong-login',
    uri: 's3://models/iris/',
    extra: { credentials: { secretName: 'wrong' } },
    reason: 'SourceForbidden',
  },
  { name: 'no-bucket', uri: 's3://nothing/iris/', extra: {}, reason: 'SourceNotFound' },
  {
    name: 'inside',
    uri: 's3://models/x?endpoint=https://kubernetes.default.svc',
    extra: {},
    reason: 'SourceRefused',
  },
  {
    name: 'metadata',
    uri: 's3://models/x?endpoint=https://169.254.169.254',
    extra: {},
    reason: 'SourceRefused',
  },
])('$name is $reason', async ({ name, uri, extra, reason }) => {
  await apply(model(name, uri, extra));
  await untilCondition('model.aimass.dev', name, { namespace: NAMESPACE, status: 'False', reason });
  expect((await get('model.aimass.dev', name, NAMESPACE))?.status).not.toHaveProperty('current');
});
