import { describe, expect, test } from '@jest/globals';
import type { Written } from '../../../build/training-job/testing.ts';
import { Label } from '../../../build/labels.ts';
import { TrainingWorld } from '../testing.ts';
import { createSearch } from './create-search.ts';
import type { Suggest } from './suggest-client.ts';

const SPEC: Written = {
  image: 'trainer:1',
  search: {
    objective: { metric: 'accuracy', goal: 'maximize' },
    parameters: [{ name: 'x', type: 'int', min: 0, max: 9 }],
    maxTrials: 3,
    parallelTrials: 2,
  },
  publish: { convert: 'none' },
};

/** Points in their order. */
const suggest: Suggest = (_search, { trials, count }) => {
  const suggestions = Array.from({ length: count }, (_, index) => ({ parameters: { x: trials.length + index } }));
  return Promise.resolve({ kind: 'answer', answer: { suggestions, prune: [], exhausted: false } });
};

class Searching extends TrainingWorld {
  constructor() {
    super();
    this.search = createSearch({ suggest, voices: { trialValue: () => ({ curve: [] }) } });
    this.create(SPEC);
  }

  /** One pass; the operator comes up again when a write fails. */
  async pass(): Promise<void> {
    for (let life = 0; life < 3; life += 1) {
      try {
        await this.reconcile();
        return;
      } catch {
        this.restart();
      }
    }
    throw new Error('three lives were not enough');
  }

  trial(number: number): ReturnType<TrainingWorld['jobs']>[number] {
    const found = this.jobs().find(({ metadata }) => metadata.labels?.[Label.trial] === String(number));
    if (found === undefined) throw new Error(`trial ${number} has no Job; there are ${this.jobNames().join(', ')}`);
    return found;
  }

  succeedTrial(number: number, accuracy: number): void {
    this.now += 60_000;
    const job = this.trial(number);
    this.setPod(job, 0, { exitCode: 0, message: { metrics: { accuracy } } });
    this.endJob(job, true);
  }
}

/** From the first trial to the published artifact. */
async function live(world: Searching): Promise<object> {
  await world.pass();
  world.succeedTrial(0, 0.5);
  await world.pass();
  world.succeedTrial(1, 0.9);
  await world.pass();
  world.succeedTrial(2, 0.7);
  await world.pass();
  world.succeed();
  await world.pass();
  const { trials, run, artifact, stages } = world.status();
  return { trials, run, artifact, stages, jobs: world.jobNames() };
}

describe('a run that searches', () => {
  test('publishes the output of the best trial', async () => {
    const world = new Searching();
    await world.pass();
    expect(world.jobNames()).toEqual(['iris-r1-train-t0-1', 'iris-r1-train-t1-1']);
    expect(world.status()).toMatchObject({ phase: 'Training', trials: { total: 2, running: 2 } });
    world.succeedTrial(0, 0.5);
    await world.pass();
    world.succeedTrial(1, 0.9);
    await world.pass();
    world.succeedTrial(2, 0.7);
    await world.pass();
    expect(world.status()).toMatchObject({
      phase: 'Publishing',
      run: { bestTrial: 1 },
      trials: { total: 3, succeeded: 3, best: { number: 1, value: 0.9 } },
    });
    expect(JSON.stringify(world.job())).toContain('"subPath":"run-1/trials/1/output"');
    world.succeed();
    await world.pass();
    expect(world.conditions()).toContain('Ready=True');
  });

  test('survives the death of the operator between any two writes', async () => {
    const faultless = new Searching();
    const want = await live(faultless);
    const total = faultless.cluster.writes.length;
    for (const when of ['before', 'after'] as const) {
      for (let nth = 1; nth <= total; nth += 1) {
        const world = new Searching();
        world.cluster.failWrite({ nth, when });
        expect({ nth, when, ...(await live(world)) }).toEqual({ nth, when, ...want });
      }
    }
  });

  test('a suspended search stops its trials, and goes on with the same', async () => {
    const world = new Searching();
    await world.pass();
    world.edit(({ spec }) => (spec.suspend = true));
    await world.pass();
    expect(world.jobNames()).toEqual([]);
    expect(world.status().phase).toBe('Suspended');
    world.edit(({ spec }) => (spec.suspend = false));
    await world.pass();
    expect(world.jobNames()).toEqual(['iris-r1-train-t0-1', 'iris-r1-train-t1-1']);
    expect(world.status().trials).toMatchObject({ total: 2, running: 2 });
  });

  test('a trial that waits, and one that hangs, are named in the status', async () => {
    const world = new Searching();
    await world.pass();
    const waiting = { reason: 'ImagePullBackOff', message: 'not found' };
    const containerStatuses = [{ name: 'train', image: 'trainer:1', state: { waiting } }];
    world.setPod(world.trial(0), 0, {});
    world.setPod(world.trial(1), 0, { status: { phase: 'Pending', containerStatuses } });
    world.now += 2_000;
    await world.pass();
    expect(world.conditions()).toContain('Ready=False ImagePullFailed, Stalled=True ImagePullFailed');
    expect(world.status().waitingFor).toMatch(/^Trial 1 waits: Image trainer:1 cannot be pulled/);
    const message = 'Worker 0 of trial 0 (pod p) has printed nothing since 12:00';
    world.voice = { stalled: [{ job: 'iris-r1-train-t0-1', message }] };
    await world.pass();
    expect(world.conditions()).toContain('Ready=False Stalled, Stalled=True Stalled');
    expect(world.message()).toContain('Worker 0 of trial 0 (pod p) has printed nothing since 12:00.');
  });

  test('when all trials fail the run does, and says why', async () => {
    const world = new Searching();
    world.edit(({ spec }) => {
      if (spec.search !== undefined) spec.search.maxFailedTrials = 0;
    });
    await world.pass();
    for (const number of [0, 1]) {
      const job = world.trial(number);
      world.setPod(job, 0, { exitCode: 3, message: 'ValueError: no data' });
      world.endJob(job, false);
    }
    await world.pass();
    expect(world.conditions()).toContain('Stalled=True AllTrialsFailed');
    expect(world.message()).toContain('ValueError: no data');
  });
});
