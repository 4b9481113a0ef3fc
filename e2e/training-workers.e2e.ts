import { describe, expect, test } from '@jest/globals';
import { apply, eventually, kubectl, list, untilCondition } from './cluster.ts';
import { inNamespace } from './in-namespace.ts';
import { trainingJobs } from './training-jobs.ts';
import { HELD_EPOCH, heldUntilKilled, tutorialCode, tutorialJob } from './tutorials.ts';

const NAMESPACE = inNamespace('e2e-training-workers');
const { ready, statusOf } = trainingJobs(NAMESPACE);

/** The distributed tutorial as a job of this name; its second worker waits in the middle of its first attempt. */
async function applyHeld(name: string, spec: Record<string, unknown>): Promise<void> {
  const job = tutorialJob('distributed/job.yaml', NAMESPACE);
  await apply(heldUntilKilled(tutorialCode(`${name}-code`, 'distributed/train.py', NAMESPACE)), {
    ...job,
    metadata: { ...job.metadata, name },
    spec: { ...job.spec, code: { configMap: { name: `${name}-code` } }, ...spec },
  });
}

/** Takes the second worker away as soon as it waits; gives the pods there were. */
async function killSecondWorker(name: string): Promise<void> {
  await eventually(
    'the epoch in which the second worker waits',
    async () => (await statusOf(name)).progress?.step === HELD_EPOCH,
  );
  const pods = await list('pods', NAMESPACE, `aimass.dev/training-job=${name},aimass.dev/stage=train`);
  expect(pods).toHaveLength(2);
  const second = pods.find(({ metadata }) => metadata.labels?.['batch.kubernetes.io/job-completion-index'] === '1');
  await kubectl(['delete', 'pod', '-n', NAMESPACE, String(second?.metadata.name), '--grace-period=0', '--force']);
}

describe('two workers', () => {
  test('train one model with PyTorch DDP; a killed one is replaced from the checkpoint', async () => {
    await applyHeld('digits-ddp', {});
    await killSecondWorker('digits-ddp');
    const ended = await ready('digits-ddp', 420);
    expect(ended.status).toMatchObject({ run: { number: 1, restarts: 1 } });
    const [first] = await list('pods', NAMESPACE, 'aimass.dev/training-job=digits-ddp,aimass.dev/attempt=2');
    expect(await kubectl(['logs', '-n', NAMESPACE, String(first?.metadata.name)])).toContain('goes on after epoch');
    await untilCondition('model.aimass.dev', 'digits-ddp', { namespace: NAMESPACE });
  });
});

describe('elastic workers', () => {
  test('go on when one is lost, with no restart of the group', async () => {
    const workers = { count: 2, minCount: 1, resources: { requests: { cpu: '100m', memory: '256Mi' } } };
    await applyHeld('elastic', { workers, publish: undefined, evaluation: undefined });
    await killSecondWorker('elastic');
    const ended = await ready('elastic');
    expect((ended.status as { run?: { restarts?: number } }).run?.restarts ?? 0).toBe(0);
    expect(await list('jobs', NAMESPACE, 'aimass.dev/training-job=elastic,aimass.dev/stage=train')).toHaveLength(1);
  });
});
