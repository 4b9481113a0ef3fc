import { expect, test } from '@jest/globals';
import { apply, untilCondition } from './cluster.ts';
import { inNamespace } from './in-namespace.ts';
import { trainingJobs } from './training-jobs.ts';
import { tutorialCode, tutorialJob } from './tutorials.ts';

const NAMESPACE = inNamespace('e2e-training-frameworks');
const { ready } = trainingJobs(NAMESPACE);

test.each(['tensorflow', 'paddlepaddle', 'mxnet'])(
  '%s trains, and what it writes becomes a verified Model',
  async (framework) => {
    const job = tutorialJob(`frameworks/${framework}.yaml`, NAMESPACE);
    const { name } = job.metadata;
    await apply(tutorialCode(`${framework}-code`, `frameworks/${framework}.py`, NAMESPACE), job);
    const { status } = await ready(name, 480);
    expect(status).toMatchObject({
      evaluation: { metrics: { accuracy: expect.any(Number) } },
      metrics: { latest: { accuracy: expect.any(Number) } },
    });
    await untilCondition('model.aimass.dev', name, { namespace: NAMESPACE });
  },
);
