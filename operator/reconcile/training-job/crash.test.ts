import { describe, expect, test } from '@jest/globals';
import { RUN_AGAIN } from '../../build/training-job/names.ts';
import { RECIPE, TrainingWorld } from './testing.ts';

/** The operator dies with each failed write and comes up again, until a pass succeeds; what it did wakes it once more. */
async function pass(world: TrainingWorld): Promise<void> {
  for (let life = 0; life < 3; life += 1) {
    try {
      await world.reconcile();
      await world.reconcile();
      return;
    } catch {
      world.restart();
    }
  }
  throw new Error('three lives were not enough');
}

async function stage(world: TrainingWorld, act: () => void): Promise<void> {
  await pass(world);
  world.now += 60_000;
  act();
}

/** A life: all stages with a lost worker, a worker killed, a registry that is down; then suspended, and run again. */
async function live(world: TrainingWorld): Promise<object> {
  world.create({ ...RECIPE, workers: { count: 2 } });
  await stage(world, () => world.succeed());
  await stage(world, () => world.run());
  await stage(world, () => world.setPod(world.job(), 1, { exitCode: 137 }));
  await stage(world, () => world.run());
  await stage(world, () => world.edit(({ spec }) => (spec.suspend = true)));
  await stage(world, () => world.edit(({ spec }) => (spec.suspend = false)));
  for (let succeeded = 0; succeeded < 4; succeeded += 1) await stage(world, () => world.succeed());
  await stage(world, () => world.refuse('RegistryUnreachable', true));
  await stage(world, () => undefined);
  await stage(world, () => world.succeed());
  await stage(world, () => world.annotate(RUN_AGAIN, 'once more'));
  await stage(world, () => world.edit(({ spec }) => (spec.seed = 7)));
  for (let succeeded = 0; succeeded < 6; succeeded += 1) await stage(world, () => world.succeed());
  await pass(world);
  return endState(world);
}

/** Everything that exists at the end, without what only tells the order of writes. */
const endState = (world: TrainingWorld): object => ({
  status: world.status(),
  jobs: world.jobs().map(({ metadata, status }) => ({ name: metadata.name, status })),
  others: ['Service', 'PersistentVolumeClaim'].flatMap((kind) =>
    world.cluster.server.list({ apiVersion: 'v1', kind }).map(({ metadata }) => metadata.name),
  ),
  model: world.model('iris')?.metadata.name,
});

describe('a TrainingJob survives the death of the operator', () => {
  test('between any two writes, before and after the commit', async () => {
    const faultless = new TrainingWorld();
    const want = await live(faultless);
    expect(want).toMatchObject({ status: { phase: 'Succeeded', run: { number: 3 } }, model: 'iris' });
    // An event that cannot be written stops nobody.
    const writes = faultless.cluster.writes.flatMap(({ verb }, index) => (verb === 'event' ? [] : [index + 1]));
    expect(writes.length).toBeGreaterThan(40);
    for (const when of ['before', 'after'] as const) {
      for (const nth of writes) {
        const world = new TrainingWorld();
        world.cluster.failWrite({ nth, when });
        expect({ nth, when, ...(await live(world)) }).toEqual({ nth, when, ...want });
      }
    }
  });
});
