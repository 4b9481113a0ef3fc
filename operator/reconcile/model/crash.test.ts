import { describe, expect, test } from '@jest/globals';
import { FETCHED, ModelWorld, VERIFIED } from './testing.ts';

const GOLDEN = { verification: { golden: { configMap: { name: 'golden', key: 'golden.json' } }, every: '24h' } };

/** The operator dies with each failed write and comes up again, until a pass succeeds. */
async function pass(world: ModelWorld): Promise<void> {
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

/** A life of a Model: verified, changed, failed, changed again, verified on schedule. */
async function live(world: ModelWorld): Promise<object> {
  world.createGolden();
  world.createModel(GOLDEN);
  await pass(world);
  world.now += 60_000;
  world.endPod({ fetch: FETCHED, verify: VERIFIED });
  await pass(world);
  world.editSpec((spec) => (spec.source.uri = 'https://host/b.onnx'));
  await pass(world);
  world.endPod({ fetch: { ok: false, reason: 'NotOnnx', message: 'It is HTML.', retryable: false } });
  await pass(world);
  world.editSpec((spec) => (spec.source.uri = 'https://host/c.onnx'));
  await pass(world);
  world.editSpec((spec) =>
    Object.assign(spec, { source: { uri: 'https://host/d.onnx' }, verification: { every: '24h' } }),
  );
  await pass(world);
  world.endPod({ fetch: FETCHED, verify: VERIFIED });
  await pass(world);
  world.now += 24 * 3_600_000;
  await pass(world);
  world.endPod({ fetch: FETCHED, verify: VERIFIED });
  await pass(world);
  await pass(world);
  return endState(world);
}

const published = (letter: string, run: number) => {
  const digest = `sha256:${letter.repeat(64)}`;
  const data = [{ name: 'train', digest: `sha256:${'f'.repeat(64)}` }];
  const started = { number: run, specHash: 'h', startedAt: '2026-01-01T00:00:00Z' };
  return { run: started, data, artifact: { uri: `oci://registry/team/iris@${digest}`, digest, run } };
};

/** A life of a Model that follows a job: waiting, verified, a second run that fails, a third that is taken, the job deleted. */
async function follow(world: ModelWorld): Promise<object> {
  world.createModel({ source: { trainingJob: { name: 'train' } } });
  await pass(world);
  world.createTrainingJob();
  await pass(world);
  world.reportTraining({ phase: 'Training' });
  await pass(world);
  world.reportTraining(published('a', 1));
  await pass(world);
  world.endPod({ fetch: FETCHED, verify: VERIFIED });
  await pass(world);
  world.reportTraining(published('b', 2));
  await pass(world);
  world.endPod({ fetch: { ok: false, reason: 'NotOnnx', message: 'It is HTML.', retryable: false } });
  await pass(world);
  world.reportTraining(published('c', 3));
  await pass(world);
  world.endPod({ fetch: FETCHED, verify: VERIFIED });
  await pass(world);
  world.deleteTrainingJob();
  await pass(world);
  await pass(world);
  return endState(world);
}

/** Everything that exists at the end, without what only tells the order of writes. */
const endState = (world: ModelWorld): object => ({
  status: world.status(),
  jobs: world.jobs().map(({ metadata, status }) => ({ name: metadata.name, status })),
  configMaps: world.cluster.server.list({ apiVersion: 'v1', kind: 'ConfigMap' }).map(({ metadata }) => metadata.name),
});

describe('a Model survives the death of the operator', () => {
  test.each([
    { name: 'a life with golden examples', lifeOf: live },
    { name: 'a life after a TrainingJob', lifeOf: follow },
  ])('$name: between any two writes, before and after the commit', async ({ lifeOf }) => {
    const faultless = new ModelWorld();
    const want = await lifeOf(faultless);
    const writes = faultless.cluster.writes.filter(({ verb }) => verb !== 'event').length;
    expect(writes).toBeGreaterThan(10);
    const total = faultless.cluster.writes.length;
    for (const when of ['before', 'after'] as const) {
      for (let nth = 1; nth <= total; nth += 1) {
        const world = new ModelWorld();
        world.cluster.failWrite({ nth, when });
        expect({ nth, when, ...(await lifeOf(world)) }).toEqual({ nth, when, ...want });
      }
    }
  });
});
