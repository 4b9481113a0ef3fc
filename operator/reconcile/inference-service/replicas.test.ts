import { beforeEach, describe, expect, test } from '@jest/globals';
import { PENDING, READY, ServiceWorld } from './testing.ts';

let world: ServiceWorld;
beforeEach(() => {
  world = new ServiceWorld();
});

describe('replicas', () => {
  const scaling = { min: 2, max: 10, metric: 'cpu' as const, target: 70 };
  const replicas = (): number | undefined => world.deployment().spec.replicas;
  const scale = (count: number): void =>
    void world.cluster.server.edit(
      { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'team', name: 'digits' },
      (copy) => Object.assign((copy as unknown as { spec: object }).spec, { replicas: count }),
    );

  test('a decision that the autoscaler was quicker than is not written', async () => {
    await world.settle({ scaling });
    world.verifyModel({ content: 'b' });
    const apply = world.cluster.apply.bind(world.cluster);
    let isLate = false;
    world.cluster.apply = (wanted) => {
      // The autoscaler acts between our look at the Deployment and our write.
      if (wanted.kind === 'Deployment' && !isLate) scale(9);
      isLate ||= wanted.kind === 'Deployment';
      return apply(wanted);
    };
    await expect(world.reconcile()).rejects.toThrow('was changed meanwhile');
    expect(replicas()).toBe(9);
    await world.reconcile();
    expect(replicas()).toBe(9);
    expect(world.deployment().spec.template.metadata?.labels?.['aimass.dev/model-revision']).toBe('rev-b');
  });

  test('the autoscaler takes over without a drop to one pod', async () => {
    await world.settle({ replicas: 4 });
    world.editService(({ spec }) => {
      delete spec.replicas;
      spec.scaling = scaling;
    });
    await world.reconcile();
    expect(replicas()).toBe(4);
    await world.reconcile();
    expect(replicas()).toBe(4);
    scale(7);
    await world.reconcile();
    expect(replicas()).toBe(7);
    expect(world.deployment().metadata.annotations).not.toHaveProperty(['aimass.dev/applied-replicas']);
    scale(4);
    world.cluster.writes.length = 0;
    world.verifyModel({ content: 'b' });
    await world.reconcile();
    expect(replicas()).toBe(4);
    scale(3);
    await world.reconcile();
    expect(replicas()).toBe(3);
  });

  test('begin at the minimum of the autoscaler, and scaling is not reported as a rollout', async () => {
    await world.settle({ scaling });
    expect(replicas()).toBe(2);
    scale(5);
    world.startPods(PENDING);
    world.startPods({ ...READY });
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=True Serving');
    expect(world.status()).toMatchObject({ replicas: 5, readyReplicas: 5 });
    world.runPods({ ...PENDING });
  });

  test('without scaling are ours again, and the autoscaler goes', async () => {
    await world.settle({ scaling });
    scale(7);
    await world.reconcile();
    world.editService(({ spec }) => {
      delete spec.scaling;
      spec.replicas = 1;
    });
    await world.reconcile();
    expect(replicas()).toBe(1);
    expect(
      world.objects([
        ['autoscaling/v2', 'HorizontalPodAutoscaler'],
        ['policy/v1', 'PodDisruptionBudget'],
      ]),
    ).toEqual([]);
  });

  test('suspend takes the pods and the autoscaler away, resume brings them back at the minimum', async () => {
    await world.settle({ scaling });
    scale(6);
    await world.reconcile();
    world.editService(({ spec }) => (spec.suspend = true));
    await world.reconcile();
    expect(replicas()).toBe(0);
    expect(world.conditions()).toBe('Ready=True Suspended, Reconciling=True Suspended');
    world.runPods();
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=True Suspended');
    expect(world.status().waitingFor).toBeUndefined();
    expect(world.objects([['autoscaling/v2', 'HorizontalPodAutoscaler']])).toEqual([]);
    expect(world.status().revisions?.map(({ state }) => state)).toEqual(['Suspended']);
    world.editService(({ spec }) => (spec.suspend = false));
    await world.reconcile();
    expect(replicas()).toBe(2);
    expect(world.conditions()).toBe('Ready=False Starting, Reconciling=True Starting');
    world.runPods();
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=True Serving');
  });

  test('of a suspended service whose Model does not exist are nobody’s problem', async () => {
    world.createService({ suspend: true });
    await world.reconcile();
    expect(world.conditions()).toBe('Ready=True Suspended');
  });
});
