import { describe, expect, test } from '@jest/globals';
import { apply, environment, eventually, killOperators, list, untilCondition } from './cluster.ts';
import { inNamespace } from './in-namespace.ts';
import { libraryManifest, smallService } from './library.ts';

const NAMESPACE = inNamespace('e2e-resilience');
const KIND = 'inferenceservice.aimass.dev';
const MANAGED = 'app.kubernetes.io/managed-by=aimass-operator';

const model = (name: string) => libraryManifest('iris', 'model', { namespace: NAMESPACE, name });
const service = (name: string, modelName: string) => smallService(name, modelName, { namespace: NAMESPACE });

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
