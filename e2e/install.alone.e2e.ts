import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { condition, environment, eventually, get, helm, kubectl, list, tagImage, untilCondition } from './cluster.ts';
import { inNamespace } from './in-namespace.ts';
import { libraryManifest } from './library.ts';

const NAMESPACE = inNamespace('e2e-install');
const KIND = 'inferenceservice.aimass.dev';
const RUNTIME = process.env.AIMASS_E2E_RUNTIME_IMAGE ?? '';
const NEXT_TAG = 'next-for-e2e';

const OPERATOR = 'app.kubernetes.io/component=operator';

/** Upgrades the release, and waits until a new operator leads: an old one that still ends would act by the old settings. */
async function upgrade(...args: string[]): Promise<void> {
  await helm('upgrade', 'aimass', 'charts/aimass', '--reuse-values', ...args);
  await kubectl(['rollout', 'status', 'deployment', '-n', environment.release(), '-l', OPERATOR, '--timeout=120s']);
  await eventually('only new operators are there, and one of them leads', async () => {
    const names = (await list('pods', environment.release(), OPERATOR)).map(({ metadata }) => metadata.name);
    const lease = await get('lease', 'aimass-operator', environment.release());
    return names.length === 2 && names.some((name) => String(lease?.spec.holderIdentity).startsWith(name));
  });
}

/** Values that choose a runtime image by its tag. */
const runtimeTag = (tag: string): string[] => ['--set-string', `image.runtime.tag=${tag}`];
const GIVEN_TAG = RUNTIME.slice(RUNTIME.lastIndexOf(':') + 1);

test('helm test passes', async () => {
  await kubectl(['delete', 'pod', 'aimass-test', '-n', environment.release(), '--ignore-not-found']);
  expect(await helm('test', 'aimass', '--timeout=2m')).toContain('Succeeded');
});

describe('every entry of the library', () => {
  const entries = ['breast-cancer', 'diabetes', 'digits', 'iris', 'wine'];
  // As a user would: the committed manifests, without a change.
  beforeAll(() =>
    kubectl([
      'apply',
      '-n',
      NAMESPACE,
      ...entries.flatMap((entry) => ['-f', `library/${entry}/model.yaml`, '-f', `library/${entry}/service.yaml`]),
    ]),
  );

  test.each(entries)('%s is verified, Ready, and applied again shows no difference', async (entry) => {
    await untilCondition('model.aimass.dev', entry, { namespace: NAMESPACE });
    await untilCondition(KIND, entry, { namespace: NAMESPACE });
    expect(
      await kubectl([
        'diff',
        '-n',
        NAMESPACE,
        '-f',
        `library/${entry}/model.yaml`,
        '-f',
        `library/${entry}/service.yaml`,
      ]),
    ).toBe('');
  });
});

test('the cdk8s example is applied and becomes Ready', async () => {
  const yaml = execFileSync(process.execPath, ['cdk8s/examples/iris.ts'], { encoding: 'utf8' });
  await kubectl(['apply', '-n', NAMESPACE, '-f', '-'], yaml);
  const names = [...yaml.matchAll(/kind: InferenceService\nmetadata:\n\s+name: (\S+)/g)].map((match) => match[1] ?? '');
  expect(names.length).toBe(1);
  await untilCondition(KIND, names[0] ?? '', { namespace: NAMESPACE });
});

describe('an upgrade', () => {
  const pods = async () =>
    Object.fromEntries(
      (await list('pods', NAMESPACE, 'aimass.dev/inference-service')).map(({ metadata }) => [
        metadata.uid,
        metadata.name,
      ]),
    );
  afterAll(() => upgrade(...runtimeTag(GIVEN_TAG)));

  test('to another runtime image verifies the models again and restarts no pod', async () => {
    const before = await pods();
    expect(Object.keys(before).length).toBeGreaterThan(4);
    await tagImage(RUNTIME, `${RUNTIME.slice(0, RUNTIME.lastIndexOf(':'))}:${NEXT_TAG}`);
    await upgrade(...runtimeTag(NEXT_TAG));
    for (const model of await list('models.aimass.dev', NAMESPACE)) {
      await eventually(`${model.metadata.name} is verified with the new runtime`, async () => {
        const now = await get('model.aimass.dev', model.metadata.name, NAMESPACE);
        expect(condition(now, 'Ready')?.status).toBe('True');
        return (now?.status?.current as { verifiedWith?: string } | undefined)?.verifiedWith?.endsWith(NEXT_TAG);
      });
    }
    expect(await pods()).toEqual(before);
  });

  test('a service restarted on request runs the new image', async () => {
    await kubectl([
      'annotate',
      KIND,
      'wine',
      '-n',
      NAMESPACE,
      `aimass.dev/restartedAt=${new Date().toISOString()}`,
      '--overwrite',
    ]);
    await eventually('a pod with the new image alone', async () => {
      const found = await list('pods', NAMESPACE, 'aimass.dev/inference-service=wine');
      const images = found.map(({ spec }) => (spec.containers as { image: string }[])[0]?.image ?? '');
      return images.length === 1 && images[0]?.endsWith(NEXT_TAG);
    });
    await untilCondition(KIND, 'wine', { namespace: NAMESPACE });
  });
});

describe('an image that cannot be pulled', () => {
  // Verifications wait for that image too, and hold CPU meanwhile: on two cores there is room for one service beside them.
  beforeAll(async () => {
    const others = async (kind: string) =>
      (await list(kind, NAMESPACE)).map(({ metadata }) => metadata.name).filter((name) => name !== 'iris');
    await kubectl(['delete', KIND, '-n', NAMESPACE, ...(await others(KIND))]);
    await kubectl(['delete', 'model.aimass.dev', '-n', NAMESPACE, ...(await others('models.aimass.dev'))]);
  });
  afterAll(() => upgrade(...runtimeTag(GIVEN_TAG)));

  test('is told in waitingFor, and the old pods go on', async () => {
    await untilCondition(KIND, 'iris', { namespace: NAMESPACE });
    await upgrade(...runtimeTag('does-not-exist'));
    await kubectl(['annotate', KIND, 'iris', '-n', NAMESPACE, 'aimass.dev/restartedAt=now', '--overwrite']);
    await eventually('waitingFor names the image', async () =>
      (await get(KIND, 'iris', NAMESPACE))?.status?.waitingFor?.includes('does-not-exist'),
    );
    const pods = await list('pods', NAMESPACE, 'aimass.dev/inference-service=iris');
    expect(pods.filter(({ status }) => status?.phase === 'Running')).toHaveLength(1);
  });
});

test('a restart after the image is mended heals the service', async () => {
  await kubectl(['annotate', KIND, 'iris', '-n', NAMESPACE, 'aimass.dev/restartedAt=later', '--overwrite']);
  await untilCondition(KIND, 'iris', { namespace: NAMESPACE });
});

test('what Argo CD and Flux read of a Model does not change when it is read again', async () => {
  const before = await get('model.aimass.dev', 'iris', NAMESPACE);
  await kubectl(
    ['apply', '-n', NAMESPACE, '-f', '-'],
    stringify(libraryManifest('iris', 'model', { namespace: NAMESPACE })),
  );
  const after = await get('model.aimass.dev', 'iris', NAMESPACE);
  expect(after?.metadata.generation).toBe(before?.metadata.generation);
  expect(after?.status?.conditions).toEqual(before?.status?.conditions);
});
