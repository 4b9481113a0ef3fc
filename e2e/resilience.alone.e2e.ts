import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { apply, createNamespace, environment, eventually, killOperators, list, untilCondition } from './cluster.ts';
import { libraryManifest } from './library.ts';

const NAMESPACE = 'e2e-resilience';
const KIND = 'inferenceservice.aimass.dev';
const MANAGED = 'app.kubernetes.io/managed-by=aimass-operator';
let namespace: Awaited<ReturnType<typeof createNamespace>>;

beforeAll(async () => {
  namespace = await createNamespace(NAMESPACE);
});
afterAll(() => namespace?.remove());

const model = (name: string) => libraryManifest('iris', 'model', { namespace: NAMESPACE, name });
const service = (name: string, modelName: string) => ({
  apiVersion: 'aimass.dev/v1alpha1',
  kind: 'InferenceService',
  metadata: { name, namespace: NAMESPACE },
  spec: { model: { name: modelName }, resources: { requests: { cpu: '50m', memory: '128Mi' } } },
});

describe('the operator may be killed at any moment', () => {
  test('and everything ends as it would have', async () => {
    await apply(model('killed'), service('killed', 'killed'));
    for (const pauseMs of [0, 700, 1500, 3000]) {
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      await killOperators();
    }
    await untilCondition('model.aimass.dev', 'killed', { namespace: NAMESPACE, seconds: 300 });
    await untilCondition(KIND, 'killed', { namespace: NAMESPACE, seconds: 300 });
    expect(await list('replicasets', NAMESPACE)).toHaveLength(1);
    expect(await list('controllerrevisions', NAMESPACE, MANAGED)).toHaveLength(1);
  });

  test('what serves is not restarted by it', async () => {
    const pods = async () =>
      (await list('pods', NAMESPACE, 'aimass.dev/inference-service=killed')).map(({ metadata }) => metadata.uid);
    const before = await pods();
    await killOperators();
    await eventually('the operator is back', async () => {
      const deployment = (await list('deployments', environment.release(), 'app.kubernetes.io/component=operator'))[0];
      return (deployment?.status as { availableReplicas?: number } | undefined)?.availableReplicas === 2;
    });
    expect(await pods()).toEqual(before);
  });
});

test('once converged, nothing is written', async () => {
  await untilCondition(KIND, 'killed', { namespace: NAMESPACE });
  const versions = async () => {
    const kinds =
      'models.aimass.dev,inferenceservices.aimass.dev,deployments,services,networkpolicies,controllerrevisions,jobs';
    return Object.fromEntries(
      (await list(kinds, NAMESPACE)).map(({ kind, metadata }) => [
        `${kind}/${metadata.name}`,
        metadata.resourceVersion,
      ]),
    );
  };
  // Figures are written once after the start; then the idle service settles.
  await eventually(
    'thirty seconds without a write',
    async () => {
      const before = await versions();
      await new Promise((resolve) => setTimeout(resolve, 30_000));
      return JSON.stringify(await versions()) === JSON.stringify(before);
    },
    { seconds: 150 },
  );
});
