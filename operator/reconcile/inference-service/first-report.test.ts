import { beforeEach, expect, test } from '@jest/globals';
import { PENDING, READY, ServiceWorld } from './testing.ts';

/** What the API server fills in for a new object, by the CRD. */
const UNREPORTED = {
  observedGeneration: -1,
  conditions: [
    {
      type: 'Ready',
      status: 'Unknown' as const,
      reason: 'NotReported',
      message: 'not yet',
      lastTransitionTime: '1970-01-01T00:00:00Z',
    },
  ],
};

let world: ServiceWorld;
const reports = (): number => world.cluster.writes.filter(({ verb }) => verb === 'status').length;

beforeEach(() => {
  world = new ServiceWorld();
  world.createModel();
  world.verifyModel();
  world.createService();
  world.cluster.server.setStatus(world.ref(), UNREPORTED);
  world.cluster.writes.length = 0;
});

test('a new service whose pods answer within seconds is reported on once', async () => {
  expect((await world.reconcile()).requeueAfterMs).toBeLessThanOrEqual(2_000);
  world.runPods(PENDING);
  await world.reconcile();
  expect(world.conditions()).toBe('Ready=Unknown NotReported');
  world.runPods(READY);
  await world.reconcile();
  expect(world.conditions()).toBe('Ready=True Serving');
  expect(reports()).toBe(1);
  expect(world.cluster.events.map(({ event }) => event.reason)).toEqual(['Serving']);
});

test('a start that takes longer is reported', async () => {
  await world.reconcile();
  world.runPods(PENDING);
  world.now += 1_500;
  await world.reconcile();
  expect(world.conditions()).toBe('Ready=Unknown NotReported');
  world.now += 500;
  await world.reconcile();
  expect(world.conditions()).toBe('Ready=False Starting, Reconciling=True Starting');
});

test('a problem is reported at once', async () => {
  world.deleteModel();
  await world.reconcile();
  expect(world.conditions()).toBe('Ready=False ModelNotFound, Reconciling=True ModelNotFound');
});

test('an operator that comes late reports at once', async () => {
  await world.reconcile();
  world.now += 3_600_000;
  world.restart();
  await world.reconcile();
  expect(world.conditions()).toContain('Ready=False Starting');
});
