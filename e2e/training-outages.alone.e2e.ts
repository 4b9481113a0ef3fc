import { afterAll, describe, expect, test } from '@jest/globals';
import { apply, environment, eventually, killOperators, kubectl, list } from './cluster.ts';
import { inNamespace } from './in-namespace.ts';
import { modelProgram, trainingJobs } from './training-jobs.ts';

const NAMESPACE = inNamespace('e2e-training-outages');
const { python, ready, statusOf } = trainingJobs(NAMESPACE);

describe('a registry that is away', () => {
  const scale = async (replicas: number) => {
    const name = 'deployment/aimass-registry';
    await kubectl(['scale', name, '-n', environment.release(), `--replicas=${replicas}`]);
    if (replicas > 0) await kubectl(['rollout', 'status', name, '-n', environment.release(), '--timeout=120s']);
  };
  afterAll(() => scale(1));

  test('is waited for; nothing is trained again when it is back', async () => {
    await scale(0);
    await apply(python('patient', modelProgram('0.9'), { task: 'tabular-classification', publish: {} }));
    await eventually(
      'the reason',
      async () =>
        (await statusOf('patient')).stages?.some(
          ({ name, reason }) => name === 'publish' && reason === 'RegistryUnreachable',
        ),
      { seconds: 300 },
    );
    expect(await statusOf('patient')).not.toHaveProperty('artifact');
    await scale(1);
    const { status } = await ready('patient');
    expect(status).toMatchObject({ artifact: { run: 1, digest: expect.stringMatching(/^sha256:/) } });
    expect((await statusOf('patient')).stages?.find(({ name }) => name === 'train')?.attempt).toBe(1);
  });
});

describe('the operator', () => {
  test('may be killed while a job trains', async () => {
    const lines = [
      'import time',
      'for step in range(1, 16):',
      '  print(f"step={step} steps=15 loss={1/step}"); time.sleep(1)',
    ];
    await apply(python('steady', lines));
    await eventually('a running pod', async () =>
      (await list('pods', NAMESPACE, 'aimass.dev/training-job=steady')).some(
        ({ status }) => (status as { phase?: string } | undefined)?.phase === 'Running',
      ),
    );
    await killOperators();
    const { status } = await ready('steady');
    expect(status).toMatchObject({ progress: { percent: 100, step: 15, total: 15 }, run: { number: 1 } });
    expect(await list('jobs', NAMESPACE, 'aimass.dev/training-job=steady')).toHaveLength(1);
  });
});
