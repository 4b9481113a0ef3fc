import { describe, expect, test } from '@jest/globals';
import { apply, clusterAddress, get, list, request, untilCondition, type Live } from './cluster.ts';
import { inNamespace } from './in-namespace.ts';
import { trainingJobs } from './training-jobs.ts';
import { tutorial, tutorialCode } from './tutorials.ts';

const NAMESPACE = inNamespace('e2e-training');
const { ready } = trainingJobs(NAMESPACE);

const stagesOf = ({ status }: Live): string[] =>
  (status as { stages: { name: string; state: string }[] }).stages.map(({ name, state }) => `${name} ${state}`);

describe('a recipe', () => {
  test('one apply ends in a served model that takes raw values, missing ones too', async () => {
    await apply(...tutorial('recipe/job.yaml', NAMESPACE));
    const job = await ready('churn');
    expect(stagesOf(job)).toEqual([
      'prepare Succeeded',
      'train Succeeded',
      'evaluate Succeeded',
      'convert Succeeded',
      'publish Succeeded',
    ]);
    expect(job.status).toMatchObject({
      phase: 'Succeeded',
      data: [{ name: 'train', digest: expect.stringMatching(/^sha256:/) }],
      artifact: { uri: expect.stringContaining('oci://aimass-registry'), digest: expect.stringMatching(/^sha256:/) },
      evaluation: { metrics: { accuracy: expect.any(Number) } },
      progress: { percent: 100 },
    });
    await untilCondition('inferenceservice.aimass.dev', 'churn', { namespace: NAMESPACE });
    const model = await get('model.aimass.dev', 'churn', NAMESPACE);
    expect(model?.status).toMatchObject({
      lineage: { trainingJob: 'churn', run: 1 },
      current: { report: { golden: { source: 'Artifact' } } },
    });
    const address = await clusterAddress('churn', NAMESPACE);
    const rows = { age: [40, 25], months: [70, 2], fee: [20, null], plan: ['pro', null], region: ['east', 'north'] };
    const answer = await request(`http://${address}/models/churn`, { inputs: { data: rows } });
    expect(answer).toMatchObject({ status: 200 });
    expect((answer.body as string[])[0]).toBe('no');
  });
});

describe('a program of your own', () => {
  test('runs in the toolkit image from a ConfigMap; what it prints is its progress', async () => {
    await apply(tutorialCode('iris-code', 'own-code/train.py', NAMESPACE), ...tutorial('own-code/job.yaml', NAMESPACE));
    const job = await ready('iris-own');
    expect(job.status).toMatchObject({
      metrics: { latest: { accuracy: expect.any(Number) } },
      progress: { step: 10, total: 10, percent: 100 },
      evaluation: { metrics: { accuracy: expect.any(Number) } },
    });
    await untilCondition('model.aimass.dev', 'iris-own', { namespace: NAMESPACE });
  });
});

describe('a search', () => {
  test('publishes the best trial and keeps no other', async () => {
    await apply(...tutorial('search/job.yaml', NAMESPACE));
    const job = await ready('iris-search', 600);
    expect(job.status).toMatchObject({
      trials: { total: 6, running: 0, best: { value: expect.any(Number) } },
      artifact: { run: 1 },
    });
    const jobs = await list('jobs', NAMESPACE, 'aimass.dev/training-job=iris-search,aimass.dev/stage=train');
    expect(jobs.length).toBeLessThanOrEqual(1);
    await untilCondition('model.aimass.dev', 'iris-search', { namespace: NAMESPACE });
  });
});
