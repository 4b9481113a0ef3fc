import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { apply, createNamespace, untilCondition } from './cluster.ts';
import { tutorial, tutorialCode } from './tutorials.ts';

const NAMESPACE = 'e2e-training-frameworks';

let namespace: Awaited<ReturnType<typeof createNamespace>>;
beforeAll(async () => {
  namespace = await createNamespace(NAMESPACE);
});
afterAll(() => namespace?.remove());

test.each(['tensorflow', 'paddlepaddle', 'mxnet'])(
  '%s trains, and what it writes becomes a verified Model',
  async (framework) => {
    const [job] = tutorial(`frameworks/${framework}.yaml`, NAMESPACE);
    if (job === undefined) throw new Error('the tutorial has no job');
    const { name } = job.metadata;
    await apply(tutorialCode(`${framework}-code`, `frameworks/${framework}.py`, NAMESPACE), job);
    const { status } = await untilCondition('trainingjob.aimass.dev', name, { namespace: NAMESPACE, seconds: 480 });
    expect(status).toMatchObject({
      evaluation: { metrics: { accuracy: expect.any(Number) } },
      metrics: { latest: { accuracy: expect.any(Number) } },
    });
    await untilCondition('model.aimass.dev', name, { namespace: NAMESPACE });
  },
);
