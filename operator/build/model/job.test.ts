import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import type { SourcedModel } from '../../../crds/schema/model.ts';
import { parseSettings } from '../../settings.ts';
import { buildVerificationJob } from './job.ts';

const settings = parseSettings({ runtimeImage: 'registry.example/runtime:1.0' });

const modelOf = (spec: Partial<SourcedModel['spec']>, name = 'iris'): SourcedModel => ({
  apiVersion: 'aimass.dev/v1alpha1',
  kind: 'Model',
  metadata: { name, namespace: 'team', uid: 'uid-1', generation: 1 },
  spec: { task: 'tabular-classification', source: { uri: 'https://models.example/iris.onnx' }, ...spec },
});

const plain = { model: modelOf({}), settings, nonce: { attempts: 0 } };

const full = {
  model: modelOf({
    source: {
      uri: 'oci://registry.example:5000/team/iris:1',
      maxSize: '1Gi',
      caBundle: { name: 'ca', key: 'root.pem' },
    },
    sha256: 'b'.repeat(64),
    credentials: { secretName: 'store-login' },
    verification: {
      limits: { p99LatencyMs: 50, memory: '512Mi' },
      resources: { requests: { cpu: 1 }, limits: { memory: '256Mi' } },
    },
  }),
  settings: parseSettings({
    runtimeImage: 'registry.example/runtime:1.0',
    imagePullSecrets: ['pull'],
    insecureRegistries: ['a:5000', 'b:5000'],
    fetch: {
      allowedPrivateHosts: ['minio.example:9000', '10.0.0.0/8'],
      s3Endpoint: 'https://minio.example:9000',
      s3Region: 'eu-1',
      hfEndpoint: 'https://hub.example',
    },
  }),
  goldenConfigMap: 'iris-golden-0123456789',
  nonce: { attempts: 1 },
};

const claim = { ...plain, model: modelOf({ source: { uri: 'pvc://models/iris/model.onnx' } }) };

describe('buildVerificationJob', () => {
  test.each([
    { name: 'https', request: plain },
    { name: 'everything', request: full },
    { name: 'claim', request: claim },
  ])('$name: the manifest is as recorded', ({ name, request }) => {
    const path = join(import.meta.dirname, 'testdata', `job-${name}.yaml`);
    const text = stringify(buildVerificationJob(request), { aliasDuplicateObjects: false, lineWidth: 120 });
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(path, text);
    expect(text).toBe(readFileSync(path, 'utf8'));
  });

  test.each([
    { name: 'another try', change: { nonce: { attempts: 1 } } },
    { name: 'other golden examples', change: { goldenConfigMap: 'iris-golden-1' } },
    { name: 'another source', change: { model: modelOf({ source: { uri: 'https://models.example/b.onnx' } }) } },
    { name: 'another runtime', change: { settings: parseSettings({ runtimeImage: 'registry.example/runtime:2' }) } },
  ])('$name has another name', ({ change }) => {
    expect(buildVerificationJob({ ...plain, ...change }).metadata.name).not.toBe(
      buildVerificationJob(plain).metadata.name,
    );
  });

  test('the name of the longest Model still fits into a label', () => {
    const { name } = buildVerificationJob({ ...plain, model: modelOf({}, 'm'.repeat(52)) }).metadata;
    expect(name.length).toBeLessThanOrEqual(63);
    expect(name).toMatch(/-verify-[0-9a-f]{10}$/);
  });

  test('only the container that downloads sees credentials, CA and claim', () => {
    for (const request of [full, claim]) {
      const [verify] = buildVerificationJob(request).spec.template.spec.containers;
      const names = verify?.volumeMounts.map((mount) => mount.name) ?? [];
      expect(names).toEqual(expect.not.arrayContaining(['credentials', 'ca', 'source']));
    }
  });
});
