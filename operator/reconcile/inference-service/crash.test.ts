import { describe, expect, test } from '@jest/globals';
import { KINDS, PENDING, ServiceWorld } from './testing.ts';

/** The operator dies with each failed write and comes up again, until a pass succeeds. */
async function pass(world: ServiceWorld): Promise<void> {
  for (let life = 0; life < 3; life += 1) {
    try {
      await world.reconcile();
      return;
    } catch {
      world.restart();
    }
  }
  throw new Error('three lives were not enough');
}

const scaling = { min: 2, max: 5, metric: 'cpu' as const, target: 70 };

/** A life of a service: started, its model changed twice, scaled, suspended, resumed, its cache given up. */
async function live(world: ServiceWorld): Promise<object> {
  world.createModel();
  world.verifyModel();
  world.createService({ replicas: 3, cache: { type: 'Claim' } });
  await pass(world);
  world.runPods(PENDING);
  await pass(world);
  world.runPods();
  await pass(world);
  world.verifyModel({ content: 'b' });
  await pass(world);
  world.startPods();
  world.verifyModel({ content: 'c' });
  await pass(world);
  world.runPods();
  await pass(world);
  world.editService(({ spec }) => {
    delete spec.replicas;
    Object.assign(spec, { scaling, cache: { type: 'Ephemeral' } });
  });
  await pass(world);
  world.runPods();
  await pass(world);
  world.editService(({ spec }) => (spec.suspend = true));
  await pass(world);
  world.runPods();
  await pass(world);
  world.editService(({ spec }) => (spec.suspend = false));
  await pass(world);
  world.runPods();
  await pass(world);
  await pass(world);
  return { objects: world.objects(KINDS), status: world.status(), deployment: world.deployment().spec };
}

describe('a service survives the death of the operator', () => {
  test('between any two writes, before and after the commit', async () => {
    const faultless = new ServiceWorld();
    const want = await live(faultless);
    const total = faultless.cluster.writes.length;
    expect(total).toBeGreaterThan(20);
    for (const when of ['before', 'after'] as const) {
      for (let nth = 1; nth <= total; nth += 1) {
        const world = new ServiceWorld();
        world.cluster.failWrite({ nth, when });
        expect({ nth, when, ...(await live(world)) }).toEqual({ nth, when, ...want });
      }
    }
  });

  test('a watch that lags makes no second write', async () => {
    const world = new ServiceWorld();
    world.createModel();
    world.verifyModel();
    world.createService({ replicas: 2 });
    world.cluster.pauseWatch();
    await world.reconcile();
    const { length } = world.cluster.writes;
    await world.reconcile();
    world.cluster.resumeWatch();
    await world.reconcile();
    expect(world.cluster.writes).toHaveLength(length);
  });
});
