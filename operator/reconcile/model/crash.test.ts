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

/** Everything that exists at the end, without what only tells the order of writes. */
const endState = (world: ModelWorld): object => ({
  status: world.status(),
  jobs: world.jobs().map(({ metadata, status }) => ({ name: metadata.name, status })),
  configMaps: world.cluster.server.list({ apiVersion: 'v1', kind: 'ConfigMap' }).map(({ metadata }) => metadata.name),
});

describe('a Model survives the death of the operator', () => {
  test('between any two writes, before and after the commit', async () => {
    const faultless = new ModelWorld();
    const want = await live(faultless);
    const writes = faultless.cluster.writes.filter(({ verb }) => verb !== 'event').length;
    expect(writes).toBeGreaterThan(10);
    const total = faultless.cluster.writes.length;
    for (const when of ['before', 'after'] as const) {
      for (let nth = 1; nth <= total; nth += 1) {
        const world = new ModelWorld();
        world.cluster.failWrite({ nth, when });
        expect({ nth, when, ...(await live(world)) }).toEqual({ nth, when, ...want });
      }
    }
  });
});
