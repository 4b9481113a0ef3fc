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

test.each([
  {
    message: 'pods "x" is forbidden: no PriorityClass with name nosuch was found',
    want: 'InvalidSpec The pods may not be made: no PriorityClass with name nosuch was found. Correct spec.placement.priorityClassName, or have the class made.',
  },
  {
    message: 'pods "x" is forbidden: failed quota: cpu: must specify limits.cpu for: serve',
    want: 'InvalidSpec A quota of the namespace asks pods to say more: failed quota: cpu: must specify limits.cpu for: serve. Give what it names in spec.resources.',
  },
  {
    message: 'pods "x" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi',
    want: 'Forbidden A LimitRange of the namespace does not allow the pods: maximum memory usage per Container is 1Gi, but limit is 2Gi. Change spec.resources, or have the range changed.',
  },
])('$want', ({ message, want }) => {
  const problem = replicaFailure(failing(message));
  expect(`${problem?.reason} ${problem?.message}`).toBe(want);
});

test('a failure that is over is none', () => {
  expect(replicaFailure(failing('x', 'False'))).toBeUndefined();
  expect(replicaFailure(undefined)).toBeUndefined();
});
