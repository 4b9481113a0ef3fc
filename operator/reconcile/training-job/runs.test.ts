import { beforeEach, describe, expect, test } from '@jest/globals';
import { RUN_AGAIN } from '../../build/training-job/names.ts';
import { PLAIN, RECIPE, REPORTS, TrainingWorld } from './testing.ts';

let world: TrainingWorld;
beforeEach(() => {
  world = new TrainingWorld();
});

const DAILY = { cron: '0 3 * * *' };
const numbers = (): string[] => (world.status().runs ?? []).map(({ number, outcome }) => `${number} ${outcome}`);

describe('a run', () => {
  test('that is replaced by a new spec is stopped before the new one starts', async () => {
    world.create(PLAIN);
    await world.reconcile();
    world.run();
    world.edit(({ spec }) => (spec.image = 'trainer:2'));
    await world.reconcile();
    expect(world.jobNames()).toEqual([]);
    expect(world.status()).toMatchObject({ run: { number: 2, trigger: 'SpecChanged' }, phase: 'Pending' });
    expect(numbers()).toEqual(['1 Replaced']);
    await world.reconcile();
    expect(world.jobNames()).toEqual(['iris-r2-train-1']);
  });

  test('is started by a new value of the annotation, and not again by the same', async () => {
    world.create(PLAIN);
    await world.settle();
    world.annotate(RUN_AGAIN, 'monday');
    await world.reconcile();
    expect(world.status().run).toMatchObject({ number: 2, trigger: 'RunAgain' });
    await world.settle();
    world.cluster.writes.length = 0;
    await world.reconcile();
    expect(world.cluster.writes).toEqual([]);
    expect(numbers()).toEqual(['2 Succeeded', '1 Succeeded']);
  });

  test('is not disturbed by a change of what is not trained', async () => {
    world.create(PLAIN);
    await world.reconcile();
    world.edit(({ spec }) => (spec.maxRestarts = 9));
    await world.reconcile();
    expect(world.jobNames()).toEqual(['iris-r1-train-1']);
    expect(world.status()).toMatchObject({ observedGeneration: 2, run: { number: 1 } });
  });

  test('that has succeeded goes on from compression when only that is asked for in another way', async () => {
    world.create(RECIPE);
    await world.settle();
    world.edit(({ spec }) => Object.assign(spec.publish ?? {}, { optimize: { precision: 'fp16' } }));
    await world.reconcile();
    expect(world.job().metadata.name).toBe('iris-r1-compress-2');
    expect(world.status().stages?.map(({ state }) => state)).toEqual([
      'Succeeded',
      'Succeeded',
      'Succeeded',
      'Succeeded',
      'Running',
      'Waiting',
    ]);
    await world.settle();
    expect(numbers()).toEqual(['1 Succeeded']);
  });

  test('that only lacked what is no longer wanted is done', async () => {
    world.create(RECIPE);
    for (let stage = 0; stage < 5; stage += 1) {
      await world.reconcile();
      world.succeed();
    }
    await world.reconcile();
    world.refuse('RegistryForbidden');
    await world.reconcile();
    world.edit(({ spec }) => void delete spec.publish);
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=True Succeeded, Prepared=True Done, Trained=True Done, Evaluated=True Done');
    expect(numbers()).toEqual(['1 Succeeded']);
  });

  test('remembers ten of those before it', async () => {
    world.create(PLAIN);
    for (let run = 1; run <= 12; run += 1) {
      await world.settle();
      world.annotate(RUN_AGAIN, String(run));
      await world.reconcile();
    }
    expect(world.status().runs).toHaveLength(10);
    expect(world.status().run?.number).toBe(13);
  });
});

describe('an artifact', () => {
  const publishAgain = async (accuracy: number, digit: string): Promise<void> => {
    for (let passes = 0; passes < 12; passes += 1) {
      await world.reconcile();
      if (world.status().run?.finishedAt !== undefined) return;
      const stage = world.job().metadata.labels?.['aimass.dev/stage'];
      const digest = `sha256:${digit.repeat(64)}`;
      if (stage === 'evaluate') world.succeed('iris', { ...REPORTS.evaluate, metrics: { accuracy } });
      else if (stage === 'publish') world.succeed('iris', { ok: true, digest, uri: `oci://r/iris@${digest}` });
      else world.succeed();
    }
  };

  test('that is worse than the one before is kept, but not promoted', async () => {
    world.create({ ...RECIPE, publish: { ...RECIPE.publish, promote: 'Better' } });
    await publishAgain(0.95, '1');
    world.annotate(RUN_AGAIN, '2');
    await publishAgain(0.92, '2');
    expect(world.status()).toMatchObject({
      artifact: { run: 1, metrics: { accuracy: 0.95 } },
      runs: [
        { number: 2, promoted: false, metrics: { accuracy: 0.92 } },
        { number: 1, promoted: true },
      ],
    });
    expect(world.conditions()).toContain('Ready=True Succeeded');
    expect(world.conditions()).toContain('Published=True NotBetter');
    expect(world.message()).toContain('its accuracy of 0.92 is worse than 0.95 of run 1, which Models keep following');
    world.annotate(RUN_AGAIN, '3');
    await publishAgain(0.96, '3');
    expect(world.status().artifact).toMatchObject({ run: 3 });
  });

  test('is followed by the Model that the job makes, which outlives the job', async () => {
    world.create(RECIPE);
    await world.settle();
    const model = world.model('iris');
    expect(model).toMatchObject({ spec: { source: { trainingJob: { name: 'iris' } } } });
    expect(model?.metadata.ownerReferences).toBeUndefined();
    world.cluster.server.delete(world.ref());
    expect(world.model('iris')).toBeDefined();
    expect(world.jobNames()).toEqual([]);
  });

  test('is not followed by a Model that somebody else made', async () => {
    world.createModel('iris');
    world.create(RECIPE);
    await world.settle();
    expect(world.conditions()).toContain('Ready=False NameTaken, Stalled=True NameTaken');
    expect(world.message()).toContain('Model "iris" exists already and was not made for this TrainingJob');
    expect((await world.reconcile()).requeueAfterMs).toBe(60_000);
  });
});

describe('a schedule', () => {
  test('runs again, and tells when', async () => {
    world.create({ ...PLAIN, schedule: DAILY });
    await world.settle();
    expect(world.status().nextRunAt).toBe('2026-01-01T03:00:00Z');
    const { requeueAfterMs = 0 } = await world.reconcile();
    world.now += requeueAfterMs;
    await world.reconcile();
    expect(world.status()).toMatchObject({
      run: { number: 2, trigger: 'Schedule', scheduledFor: '2026-01-01T03:00:00Z' },
      nextRunAt: '2026-01-02T03:00:00Z',
    });
  });

  test('makes up for many missed times once', async () => {
    world.create({ ...PLAIN, schedule: DAILY });
    await world.settle();
    world.now += 10 * 24 * 3_600_000;
    await world.reconcile();
    expect(world.status().run).toMatchObject({ number: 2, scheduledFor: '2026-01-10T03:00:00Z' });
    await world.settle();
    await world.reconcile();
    expect(world.status().run?.number).toBe(2);
  });

  test('leaves out a time that is later than startingDeadline', async () => {
    world.create({ ...PLAIN, schedule: { ...DAILY, startingDeadline: '1h' } });
    await world.settle();
    world.now += 24 * 3_600_000;
    await world.reconcile();
    expect(world.status().run?.number).toBe(1);
  });

  test.each([
    { policy: 'Forbid' as const, want: 1 },
    { policy: 'Replace' as const, want: 2 },
  ])('with $policy while a run goes on leads to run $want', async ({ policy, want }) => {
    world.create({ ...PLAIN, schedule: { ...DAILY, concurrencyPolicy: policy } });
    await world.reconcile();
    world.now = Date.parse('2026-01-01T03:00:00Z');
    await world.reconcile();
    expect(world.status().run?.number).toBe(want);
  });

  test('stands still while the job is suspended', async () => {
    world.create({ ...PLAIN, schedule: DAILY });
    await world.settle();
    world.edit(({ spec }) => (spec.suspend = true));
    expect(await world.reconcile()).toEqual({});
    expect(world.conditions()).toContain('Ready=True Suspended');
    expect(world.status().nextRunAt).toBeUndefined();
    world.now += 24 * 3_600_000;
    await world.reconcile();
    expect(world.status().run?.number).toBe(1);
  });
});
