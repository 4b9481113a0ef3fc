import { expect, test } from '@jest/globals';
import { apply, eventually, kubectl, untilCondition } from './cluster.ts';
import { inNamespace } from './in-namespace.ts';
import { TRAINING_JOB, modelProgram, trainingJobs } from './training-jobs.ts';

const NAMESPACE = inNamespace('e2e-training-schedule');
const { python, statusOf } = trainingJobs(NAMESPACE);

test('a schedule runs again; what is worse is kept, but Models do not follow it', async () => {
  await apply(
    python('repeated', modelProgram('0.9 if run == 1 else 0.5'), {
      task: 'tabular-classification',
      publish: { model: { name: 'repeated' } },
      schedule: { cron: '* * * * *' },
      evaluation: {},
    }),
  );
  const second = await eventually(
    'a second run',
    async () => (await statusOf('repeated')).runs?.find(({ number }) => number === 2),
    { seconds: 300 },
  );
  expect(second).toMatchObject({ promoted: false, digest: expect.stringMatching(/^sha256:/) });
  const { artifact } = await statusOf('repeated');
  expect(artifact?.run).toBe(1);
  await kubectl(['delete', '-n', NAMESPACE, TRAINING_JOB, 'repeated']);
  // The Model outlives the job that made it.
  await untilCondition('model.aimass.dev', 'repeated', { namespace: NAMESPACE });
});
