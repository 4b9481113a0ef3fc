import { expect, test } from '@jest/globals';
import { createMetrics } from './metrics.ts';
import { countObjects, type CountedObject } from './object-counts.ts';

const model = (namespace: string, ...conditions: [type: string, status: string, reason: string][]): CountedObject => ({
  kind: 'Model',
  metadata: { namespace },
  status: { conditions: conditions.map(([type, status, reason]) => ({ type, status, reason })) },
});

const linesOf = async (metrics: ReturnType<typeof createMetrics>): Promise<string[]> =>
  (await metrics.registry.getSingleMetricAsString('aimass_objects'))
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));

test('objects are counted by what became of them, and what is gone is not counted any more', async () => {
  const metrics = createMetrics('1');
  const verified = model('red', ['Ready', 'True', 'Verified']);
  const failed = model('red', ['Ready', 'False', 'DigestMismatch'], ['Stalled', 'True', 'DigestMismatch']);
  countObjects(metrics.objects, [verified, verified, failed, { kind: 'Model', metadata: { namespace: 'blue' } }]);
  expect(await linesOf(metrics)).toEqual([
    'aimass_objects{kind="Model",namespace="red",ready="True",reason="Verified",stalled="false"} 2',
    'aimass_objects{kind="Model",namespace="red",ready="False",reason="DigestMismatch",stalled="true"} 1',
    'aimass_objects{kind="Model",namespace="blue",ready="Unknown",reason="",stalled="false"} 1',
  ]);
  countObjects(metrics.objects, [verified]);
  expect(await linesOf(metrics)).toHaveLength(1);
});
