import { expect, test } from '@jest/globals';
import { apply, kubectl } from './cluster.ts';
import { inNamespace } from './in-namespace.ts';
import { trainingJobs } from './training-jobs.ts';

const NAMESPACE = inNamespace('e2e-training-stall');
const { python, ready } = trainingJobs(NAMESPACE);

test('a worker that hangs is found by its silence and idleness, named, and started again', async () => {
  const lines = [
    'import os, time',
    'again = os.path.exists("/aimass/checkpoints/once")',
    'open("/aimass/checkpoints/once", "w").write("x")',
    'print("step=1 steps=2 loss=0.5")',
    'time.sleep(0 if again else 3600)',
  ];
  await apply(python('hanging', lines, { workspace: { size: '1Gi' }, stall: { after: '30s', restart: true } }));
  const ended = await ready('hanging');
  expect(ended.status).toMatchObject({ run: { restarts: 1 } });
  const events = await kubectl(['get', 'events', '-n', NAMESPACE, '-o', 'json', '--field-selector=reason=Restarted']);
  expect(events).toContain('A worker hung for longer than spec.stall.after (30s). Worker 0 (pod hanging-');
  expect(events).toContain('It last printed: step=1 steps=2 loss=0.5');
});
