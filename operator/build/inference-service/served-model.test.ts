import { expect, test } from '@jest/globals';
import type { CurrentRevision, Model } from '../../../crds/schema/model.ts';
import { servedModel } from './served-model.ts';

const current: CurrentRevision = {
  revision: 'r1',
  digest: `sha256:${'a'.repeat(64)}`,
  uri: 'oci://old.example/digits:1',
  task: 'image-classification',
};

/** A Model whose spec has moved on to another source, which is not verified yet. */
const modelWith = (verified: CurrentRevision): Model => ({
  apiVersion: 'aimass.dev/v1alpha1',
  kind: 'Model',
  metadata: { name: 'digits', namespace: 'team' },
  spec: {
    task: 'custom',
    source: { uri: 'oci://new.example/digits:2', maxSize: '9Gi', caBundle: { name: 'new-ca', key: 'ca.crt' } },
    credentials: { secretName: 'new-login' },
  },
  status: { current: verified },
});

test('what was verified is served as it was verified, wherever the spec points by now', () => {
  const verified = {
    ...current,
    credentials: { secretName: 'old-login' },
    caBundle: { name: 'old-ca', key: 'root.pem' },
    maxSize: '1Gi',
  };
  expect(servedModel(modelWith(verified))).toEqual({
    name: 'digits',
    revision: 'r1',
    digest: current.digest,
    uri: 'oci://old.example/digits:1',
    task: 'image-classification',
    credentialsSecret: 'old-login',
    caBundle: { name: 'old-ca', key: 'root.pem' },
    maxSize: '1Gi',
  });
});

test('a source without a login gets none from a spec that has one', () => {
  expect(servedModel(modelWith(current))).not.toHaveProperty('credentialsSecret');
});

test('nothing is served that was not verified', () => {
  expect(servedModel({ ...modelWith(current), status: {} })).toBeUndefined();
});
