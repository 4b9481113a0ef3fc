import { describe, expect, test } from '@jest/globals';
import { trainingJobStatus, type TrainingJobStatus } from '../../../crds/schema/training/status.ts';
import { RUN_AGAIN } from '../../build/training-job/names.ts';
import { specOf } from '../../build/training-job/testing.ts';
import { findCondition } from '../../decide/conditions.ts';
import { RETRY } from '../../decide/training-job/fingerprint.ts';
import { jobEnd, partOf } from '../../decide/training-job/observed.ts';
import { PLAIN, RECIPE, TrainingWorld } from './testing.ts';

/** A small generator that gives the same numbers each time. */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

type Act = (world: TrainingWorld) => void;

const lost = {
  status: { phase: 'Running', conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'DeletionByPodGC' }] },
};

/** What may happen to a job, in any order. */
const acts: readonly Act[] = [
  (world) => world.run(),
  (world) => world.succeed(),
  (world) => world.succeed(),
  (world) => world.succeed(),
  (world) => world.refuse('RegistryUnreachable', true),
  (world) => world.refuse('DataInvalid'),
  (world) => world.end({ exitCode: 1, message: 'a bug' }),
  (world) => world.end({ exitCode: 137, reason: 'OOMKilled' }),
  (world) => world.setPod(world.job(), 0, lost),
  (world) => world.annotate(RETRY, String(world.now)),
  (world) => world.annotate(RUN_AGAIN, String(world.now)),
  (world) => world.edit(({ spec }) => (spec.suspend = !spec.suspend)),
  (world) => world.edit(({ spec }) => (spec.seed = world.now % 100)),
  (world) => world.edit(({ spec }) => (spec.evaluation = { metric: `m${world.now % 100}` })),
  (world) => world.edit(({ spec }) => (spec.deadline = '90m')),
  (world) => world.edit(({ spec }) => void delete spec.publish),
  (world) => world.edit(({ spec }) => (spec.publish = specOf(RECIPE).publish)),
  (world) => world.cluster.failWrite({ nth: 1, when: 'after' }),
  (world) => world.cluster.failWrite({ nth: 2, when: 'before' }),
  (world) => world.restart(),
  (world) => world.cluster.server.delete(world.jobRef(world.job())),
];

/** Passes until nothing is written any more; the operator comes back when it dies. */
async function converge(world: TrainingWorld): Promise<void> {
  for (let passes = 0; passes < 12; passes += 1) {
    const before = world.cluster.writes.length;
    const isDone = await world.reconcile().then(
      () => world.cluster.writes.length === before,
      () => false,
    );
    if (isDone) return;
  }
  throw new Error(`no end of writes: ${world.conditions()}; ${JSON.stringify(world.cluster.writes.slice(-6))}`);
}

function checkConditions({ conditions = [] }: TrainingJobStatus): void {
  const [ready, works, stalled] = ['Ready', 'Reconciling', 'Stalled'].map((type) => findCondition(conditions, type));
  expect(ready).toBeDefined();
  expect([works, stalled].filter((condition) => condition !== undefined).length).toBeLessThanOrEqual(1);
  if (ready?.status === 'True') expect(conditions.filter(({ status }) => status === 'False')).toEqual([]);
  else expect(works ?? stalled).toBeDefined();
}

/** A run goes on while a stage is left, and has ended when none is. */
function checkRun({ run, stages = [] }: TrainingJobStatus): void {
  const hasEnded = stages.every(({ state }) => state === 'Succeeded') || stages.some(({ state }) => state === 'Failed');
  if (run !== undefined) expect(run.finishedAt !== undefined).toBe(hasEnded);
}

function checkJobs(world: TrainingWorld, { run, stages = [] }: TrainingJobStatus): void {
  const live = world.jobs().filter((job) => jobEnd(job) === undefined);
  expect(live.length).toBeLessThanOrEqual(1);
  for (const job of live) {
    expect(partOf(job).run).toBe(run?.number);
    expect(stages.map(({ job: name }) => name)).toContain(job.metadata.name);
  }
}

function check(world: TrainingWorld): void {
  const status = world.status();
  // A field that the CRD does not know would be dropped, and written again for ever.
  expect(trainingJobStatus.parse(status)).toEqual(status);
  checkConditions(status);
  checkRun(status);
  checkJobs(world, status);
  const runs = (status.runs ?? []).map(({ number }) => number);
  expect(new Set(runs).size).toBe(runs.length);
}

describe('whatever happens', () => {
  test.each([
    { name: 'to two workers', spec: PLAIN },
    { name: 'to all stages', spec: { ...RECIPE, workers: { count: 2 } } },
    {
      name: 'on a schedule',
      spec: { ...RECIPE, schedule: { cron: '*/30 * * * *' }, restartOn: 'AnyFailure' as const },
    },
  ])('$name, passes come to an end, and the status keeps its contract', async ({ spec }) => {
    for (let seed = 1; seed <= 40; seed += 1) {
      const next = numbersFrom(seed);
      const world = new TrainingWorld();
      world.create(spec);
      await converge(world);
      for (let step = 0; step < 40; step += 1) {
        const act = acts[Math.floor(next() * acts.length)];
        try {
          act?.(world);
        } catch {
          continue; // there is no Job to act on
        }
        world.now += Math.floor(next() * 900_000);
        await converge(world);
        check(world);
      }
    }
  });
});
