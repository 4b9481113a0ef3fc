import { expect, test } from '@jest/globals';
import { asManifest, instantiate, isReady } from './template.ts';

const live = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: {
    name: 'bench-template-object-http',
    namespace: 'bench-template-namespace',
    uid: 'u',
    labels: { service: 'bench-template-object' },
    ownerReferences: [{ uid: 'owner' }],
  },
  spec: { clusterIP: '10.96.0.7', clusterIPs: ['10.96.0.7'], selector: { service: 'bench-template-object' } },
  status: { loadBalancer: {} },
};

test('a child is created again under another name, without what belongs to the live one', () => {
  expect(instantiate([asManifest(live)], 'service-7', 'floor-100')).toEqual([
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'service-7-http', namespace: 'floor-100', labels: { service: 'service-7' } },
      spec: { selector: { service: 'service-7' } },
    },
  ]);
});

test.each([
  { name: 'True for this generation', status: 'True', observedGeneration: 2, want: true },
  { name: 'True for an older generation', status: 'True', observedGeneration: 1, want: false },
  { name: 'False', status: 'False', observedGeneration: 2, want: false },
])('ready when the condition is $name: $want', ({ status, observedGeneration, want }) => {
  const conditions = [{ type: 'Ready', status, observedGeneration }];
  const object = { apiVersion: 'v1', kind: 'Model', metadata: { name: 'm', generation: 2 }, status: { conditions } };
  expect(isReady(object)).toBe(want);
});

test('an object without status is not ready', () => {
  expect(isReady({ apiVersion: 'v1', kind: 'Model', metadata: { name: 'm', generation: 1 } })).toBe(false);
});
