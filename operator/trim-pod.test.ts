import { expect, test } from '@jest/globals';
import { trimPod } from './trim-pod.ts';

test('a pod keeps what decisions read, and loses how its containers are run', () => {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p' },
    spec: {
      nodeName: 'n',
      volumes: [{ name: 'v' }],
      initContainers: [{ name: 'fetch', image: 'i', args: ['fetch'], env: [] }],
      containers: [{ name: 'serve', image: 'i', resources: { limits: { memory: '1Gi' } }, readinessProbe: {} }],
    },
    status: {
      phase: 'Running',
      initContainerStatuses: undefined,
      containerStatuses: [
        { name: 'serve', ready: true, state: { running: {} }, imageID: 'sha256:1', volumeMounts: [] },
      ],
    },
  };
  trimPod(pod);
  expect(pod).toEqual({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p' },
    spec: {
      nodeName: 'n',
      volumes: [{ name: 'v' }],
      initContainers: [{ name: 'fetch', image: 'i' }],
      containers: [{ name: 'serve', image: 'i', resources: { limits: { memory: '1Gi' } } }],
    },
    status: { phase: 'Running', containerStatuses: [{ name: 'serve', ready: true, state: { running: {} } }] },
  });
});

test('a pod without containers or status is left as it is', () => {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } };
  trimPod(pod);
  expect(pod).toEqual({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } });
});
