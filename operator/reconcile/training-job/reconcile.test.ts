import { beforeEach, describe, expect, test } from '@jest/globals';
import { PLAIN, RECIPE, TrainingWorld } from './testing.ts';

let world: TrainingWorld;
beforeEach(() => {
  world = new TrainingWorld();
});

const writes = (): string[] => world.cluster.writes.map(({ verb, ref }) => `${verb} ${ref.kind}`);

describe('a job with an image of its own', () => {
  test('costs a Service, a Job, and two writes of status', async () => {
    world.create(PLAIN);
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=False Running, Reconciling=True Running, Trained=Unknown Running');
    expect(world.status().phase).toBe('Training');
    world.run();
    await world.reconcile();
    world.end();
    expect(await world.reconcile()).toEqual({});
    expect(writes()).toEqual(['create Service', 'create Job', 'status TrainingJob', 'status TrainingJob']);
    expect(world.conditions()).toBe('Ready=True Succeeded, Trained=True Done');
    expect(world.message()).toBe('Run 1 succeeded.');
  });

  test('that has come to its end writes nothing', async () => {
    world.create(PLAIN);
    await world.settle();
    world.cluster.writes.length = 0;
    world.now += 3_600_000;
    expect(await world.reconcile()).toEqual({});
    expect(writes()).toEqual([]);
  });
});

describe('a recipe', () => {
  test('goes through all stages, and its Model is made', async () => {
    world.create(RECIPE);
    await world.settle();
    expect(world.conditions()).toBe(
      'Ready=True Succeeded, Prepared=True Done, Trained=True Done, Evaluated=True Done, Converted=True Done, Compressed=True Done, Published=True Done',
    );
    expect(world.status()).toMatchObject({
      phase: 'Succeeded',
      artifact: { run: 1, metrics: { accuracy: 0.96 } },
      evaluation: { metrics: { accuracy: 0.96 }, rows: 22 },
      data: [{ name: 'train', sizeBytes: 5230 }],
      runs: [{ number: 1, outcome: 'Succeeded', promoted: true }],
    });
    expect(world.cluster.events.map(({ event }) => event.reason).slice(-4)).toEqual([
      'StageStarted',
      'StageSucceeded',
      'Published',
      'Promoted',
    ]);
    world.cluster.writes.length = 0;
    await world.reconcile();
    expect(writes()).toEqual([]);
  });
});
