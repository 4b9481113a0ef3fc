import { describe, expect, test } from '@jest/globals';
import type { SearchOutcome } from '../../../decide/training-job/search/search-outcome.ts';
import { SearchWorld } from './testing.ts';

/** The operator dies with each failed write and comes up again, until a pass succeeds. */
async function pass(world: SearchWorld): Promise<SearchOutcome> {
  for (let life = 0; life < 3; life += 1) {
    try {
      return await world.pass();
    } catch {
      // the next life knows only what is in the cluster
    }
  }
  throw new Error('three lives were not enough');
}

/** Every pod that was ever asked for, by the name of its Job: a trial that is doubled would show. */
const started = (world: SearchWorld): string[] =>
  world.cluster.writes.filter(({ verb, ref }) => verb === 'create' && ref.kind === 'Job').map(({ ref }) => ref.name);

/** A search with an end of each kind: well, failed, lost or hanging and tried again, not started, stopped early. */
async function live(world: SearchWorld): Promise<object> {
  await pass(world);
  world.succeed(0, 0.7);
  await pass(world);
  world.end(1, { isLost: true });
  await pass(world);
  world.end(2, { exitCode: 2 });
  await pass(world);
  world.print(3, { latest: 0.1, curve: [[1, 0.1]] });
  world.prune = [3];
  await pass(world);
  world.prune = [];
  world.succeed(1, 0.8);
  await pass(world);
  world.voice = { stalled: [{ job: 'digits-r1-train-t4-1', message: 'It hangs' }] };
  await pass(world);
  await pass(world);
  world.startPod(4);
  world.now += 3_600_000;
  world.setPod(5, { phase: 'Pending', containerStatuses: [{ name: 'train', state: { waiting: {} } }] });
  await pass(world);
  world.succeed(4, 0.9);
  const outcome = await pass(world);
  return { outcome, trials: world.trials(), jobs: world.jobNames(), started: started(world) };
}

const newWorld = (): SearchWorld =>
  new SearchWorld({
    stall: { after: '10m', restart: true },
    search: { maxTrials: 6, parallelTrials: 2, earlyStopping: { algorithm: 'median' } },
  });

describe('a search survives the death of the operator', () => {
  test('between any two writes, before and after the commit', async () => {
    const faultless = newWorld();
    const want = await live(faultless);
    expect(want).toMatchObject({ outcome: { state: 'succeeded', bestTrial: 4 }, jobs: [] });
    const total = faultless.cluster.writes.length;
    expect(total).toBeGreaterThan(15);
    for (const when of ['before', 'after'] as const) {
      for (let nth = 1; nth <= total; nth += 1) {
        const world = newWorld();
        world.cluster.failWrite({ nth, when });
        expect({ nth, when, ...(await live(world)) }).toEqual({ nth, when, ...want });
      }
    }
  });
});
