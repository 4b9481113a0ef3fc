import { beforeEach, expect, test } from '@jest/globals';
import { ServiceWorld, unschedulable } from './testing.ts';

const GPU = 'nvidia.com/gpu';
const productLabel = 'nvidia.com/gpu.product';
const accelerator = { resourceName: GPU, count: 1, productLabel };
const WAY_OUT = 'with spec.rollout.surge: 0 they go first.';

let world: ServiceWorld;

/** One node with one accelerator, which the running revision holds; another revision comes. */
beforeEach(async () => {
  world = new ServiceWorld();
  world.cluster.server.create({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'n1' },
    status: { allocatable: { cpu: '8', memory: '32Gi', [GPU]: '1' } },
  } as never);
  await world.settle({ accelerator });
  for (const { metadata } of world.pods()) {
    world.cluster.server.edit({ apiVersion: 'v1', kind: 'Pod', ...metadata }, (pod) =>
      Object.assign((pod as { spec?: object }).spec ?? {}, { nodeName: 'n1' }),
    );
  }
  world.verifyModel({ content: 'b' });
  await world.reconcile();
});

test('a rollout that waits for the accelerator of its own older pods says so, and what to do', async () => {
  world.startPods(unschedulable(`0/1 nodes are available: 1 Insufficient ${GPU}.`));
  await world.reconcile();
  expect(world.conditions()).toBe('Ready=False Unschedulable, Reconciling=True Unschedulable');
  expect(world.status().waitingFor).toBe(
    `No node has a free ${GPU}: 1 of 1 are held by team/digits (1); free one or add a node. The pods of the running revision hold the room that their successors need: ${WAY_OUT}`,
  );
});

test('the way out changes the strategy, and neither the pods nor the revision', async () => {
  world.startPods(unschedulable(`0/1 nodes are available: 1 Insufficient ${GPU}.`));
  const before = world.deployment();
  world.editService(({ spec }) => Object.assign(spec, { rollout: { surge: 0 } }));
  await world.reconcile();
  const { spec } = world.deployment();
  expect(spec.strategy?.rollingUpdate).toEqual({ maxUnavailable: 1, maxSurge: 0 });
  expect(spec.template).toEqual(before.spec.template);
  expect(world.status().waitingFor).not.toContain(WAY_OUT);
});

test('pods that wait for something else are not told to go first', async () => {
  world.startPods(unschedulable('0/1 nodes are available: 1 node(s) had untolerated taint {a: b}.'));
  await world.reconcile();
  expect(world.status().waitingFor).not.toContain(WAY_OUT);
});
