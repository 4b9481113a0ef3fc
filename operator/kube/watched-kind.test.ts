import { expect, test } from '@jest/globals';
import { matchesSelector, pluralOf, resourcePath } from './watched-kind.ts';

test.each([
  ['Deployment', 'deployments'],
  ['NetworkPolicy', 'networkpolicies'],
  ['Ingress', 'ingresses'],
  ['Endpoints', 'endpoints'],
  ['PodDisruptionBudget', 'poddisruptionbudgets'],
  ['Gateway', 'gateways'],
  ['DeviceClass', 'deviceclasses'],
  ['PodMetrics', 'pods'],
])('pluralOf(%s) is %s', (kind, want) => expect(pluralOf(kind)).toBe(want));

test('resourcePath tells the core group from the others, and cannot be led astray', () => {
  expect(resourcePath({ apiVersion: 'v1', plural: 'pods' }, { namespace: 'a', name: 'b' })).toBe(
    '/api/v1/namespaces/a/pods/b',
  );
  expect(resourcePath({ apiVersion: 'apps/v1', plural: 'deployments' })).toBe('/apis/apps/v1/deployments');
  expect(resourcePath({ apiVersion: 'v1', plural: 'pods' }, { namespace: 'a', name: '../x?y' })).toBe(
    '/api/v1/namespaces/a/pods/..%2Fx%3Fy',
  );
});

test.each([
  { selector: '', want: true },
  { selector: 'a=1', want: true },
  { selector: 'a==1,b', want: true },
  { selector: 'a=2', want: false },
  { selector: 'c', want: false },
  { selector: 'a!=2', want: false },
  { selector: 'a in (1)', want: false },
])('matchesSelector $selector: $want', ({ selector, want }) =>
  expect(matchesSelector({ a: '1', b: '' }, selector)).toBe(want),
);
