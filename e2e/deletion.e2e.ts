import { describe, expect, test } from '@jest/globals';
import { apply, createNamespace, eventually, get, kubectl, list, untilCondition } from './cluster.ts';
import { inNamespace } from './in-namespace.ts';
import { libraryManifest, smallService } from './library.ts';

const NAMESPACE = inNamespace('e2e-deletion');
const KIND = 'inferenceservice.aimass.dev';
const MANAGED = 'app.kubernetes.io/managed-by=aimass-operator';

const model = (name: string, entry = 'iris') => libraryManifest(entry, 'model', { namespace: NAMESPACE, name });
const service = (name: string, modelName: string) => smallService(name, modelName, { namespace: NAMESPACE });

test('a Model that flips between revisions quickly ends at the last one, with nothing left over', async () => {
  await apply(model('flipping'), service('flipping', 'flipping'));
  await untilCondition(KIND, 'flipping', { namespace: NAMESPACE });
  for (let round = 0; round < 3; round++) {
    await apply(model('flipping', 'wine'));
    await apply(model('flipping'));
  }
  await apply(model('flipping', 'wine'));
  const flipped = await untilCondition('model.aimass.dev', 'flipping', { namespace: NAMESPACE });
  const digest = (flipped.status?.current as { digest?: string } | undefined)?.digest;
  await eventually('the service serves it, alone', async () => {
    const object = await get(KIND, 'flipping', NAMESPACE);
    const revisions = object?.status?.revisions as { modelDigest: string; state: string }[] | undefined;
    return revisions?.length === 1 && revisions[0]?.modelDigest === digest && revisions[0]?.state === 'Serving';
  });
  await eventually('no job is running', async () =>
    (await list('jobs', NAMESPACE, 'aimass.dev/model=flipping')).every(
      (job) => (job.status as { active?: number }).active === undefined,
    ),
  );
});

describe('deletion', () => {
  test.each([
    { name: 'model-first', order: ['model.aimass.dev', KIND] },
    { name: 'service-first', order: [KIND, 'model.aimass.dev'] },
  ])('$name leaves nothing', async ({ name, order }) => {
    await apply(model(name), service(name, name));
    await untilCondition(KIND, name, { namespace: NAMESPACE });
    for (const kind of order) await kubectl(['delete', kind, name, '-n', NAMESPACE]);
    await eventually('no children', async () => {
      const kinds = 'deployments,replicasets,services,networkpolicies,controllerrevisions,jobs,configmaps,pods';
      const left = await list(kinds, NAMESPACE, MANAGED);
      return left.every(({ metadata }) => !metadata.name.startsWith(name));
    });
  });

  test('of a namespace in the middle of a verification ends', async () => {
    const doomed = await createNamespace('e2e-doomed');
    await apply(
      libraryManifest('digits', 'model', { namespace: doomed.name }),
      libraryManifest('digits', 'service', { namespace: doomed.name }),
    );
    await eventually('a verification pod', async () => (await list('pods', doomed.name)).length > 0);
    await doomed.remove();
    expect(await kubectl(['get', 'namespace', doomed.name, '--ignore-not-found'])).toBe('');
  });
});
