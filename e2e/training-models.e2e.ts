import { expect, test } from '@jest/globals';
import { apply, get, untilCondition } from './cluster.ts';
import { inNamespace } from './in-namespace.ts';
import { TRAINING_JOB, trainingJobs } from './training-jobs.ts';
import { tutorial } from './tutorials.ts';

const NAMESPACE = inNamespace('e2e-training-models');
const { ready } = trainingJobs(NAMESPACE);

test('one Model makes another: fine-tuned from its weights, and distilled from its answers', async () => {
  await apply(...tutorial('fine-tune/job.yaml', NAMESPACE), ...tutorial('distil/job.yaml', NAMESPACE));
  for (const name of ['digits-base', 'digits-tuned', 'digits-small']) {
    await ready(name, 420);
    await untilCondition('model.aimass.dev', name, { namespace: NAMESPACE });
  }
  const base = (await get('model.aimass.dev', 'digits-base', NAMESPACE))?.status as { current: { digest: string } };
  const tuned = await get('model.aimass.dev', 'digits-tuned', NAMESPACE);
  expect(tuned?.status).toMatchObject({
    lineage: { baseModel: { name: 'digits-base', digest: base.current.digest } },
  });
  expect((await get(TRAINING_JOB, 'digits-tuned', NAMESPACE))?.status).toMatchObject({
    compression: { chosen: expect.any(String), candidates: [{ kind: expect.stringContaining('int8') }] },
  });
});
