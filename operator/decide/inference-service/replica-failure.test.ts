import { expect, test } from '@jest/globals';
import type { Deployment } from '../../build/inference-service/children.ts';
import { replicaFailure } from './replica-failure.ts';

const failing = (message: string, status = 'True') =>
  ({ status: { conditions: [{ type: 'ReplicaFailure', status, reason: 'FailedCreate', message }] } }) as Deployment;

const QUOTA = 'is forbidden: exceeded quota: team, requested: memory=1Gi, used: memory=7Gi, limited: memory=7Gi';

test('a quota is told in the same words for each pod that is tried', () => {
  const first = replicaFailure(failing(`pods "digits-5d4f8-abcde" ${QUOTA}`));
  expect(first).toEqual(replicaFailure(failing(`pods "digits-5d4f8-vwxyz" ${QUOTA}`)));
  expect(first).toMatchObject({ reason: 'QuotaExceeded', stalled: true });
  expect(first?.message).toBe(
    'A quota of the namespace does not allow the pods: exceeded quota: team, requested: memory=1Gi, used: memory=7Gi, limited: memory=7Gi. Free some of the quota, have it raised, or lower spec.resources.',
  );
});

test('a policy is told apart from a quota', () =>
  expect(replicaFailure(failing('admission webhook "x" denied the request: no'))).toMatchObject({
    reason: 'Forbidden',
  }));

test('a failure that is over is none', () => {
  expect(replicaFailure(failing('x', 'False'))).toBeUndefined();
  expect(replicaFailure(undefined)).toBeUndefined();
});
