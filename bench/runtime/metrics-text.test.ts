import { expect, test } from '@jest/globals';
import { gaugeByModel, meansBetween } from './metrics-text.ts';

const text = (queueSum: number, count: number): string =>
  [
    '# TYPE aimass_queue_seconds histogram',
    'aimass_queue_seconds_bucket{model="S",le="0.1"} 3',
    `aimass_queue_seconds_sum{model="S"} ${queueSum}`,
    `aimass_queue_seconds_count{model="S"} ${count}`,
    'aimass_queue_seconds_sum{model="L"} 1',
    'aimass_queue_seconds_count{model="L"} 1',
    'aimass_load_seconds_sum 5',
    'aimass_load_seconds_count 1',
    'process_cpu_seconds_total 3',
    `nodejs_gc_duration_seconds_sum ${queueSum}`,
    `nodejs_gc_duration_seconds_count ${count}`,
  ].join('\n');

test('meansBetween counts what came in between, over all labels, and leaves out what did not', () => {
  expect(meansBetween(text(1, 10), text(1.2, 110))).toEqual({ aimass_queue_seconds: expect.closeTo(2) });
});

test('gaugeByModel reads one gauge', () => {
  const lines = [
    'memory_bytes{version="1",model="S"} 1e6',
    'memory_bytes{model="L",version="1"} 5',
    'other{model="M"} 1',
  ];
  expect(gaugeByModel(lines.join('\n'), 'memory_bytes')).toEqual({ S: 1e6, L: 5 });
});
