import { expect, test } from '@jest/globals';
import { FRAMEWORKS } from '../../../../crds/schema/training/program.ts';
import { workersEnvironment } from './environment.ts';
import { seenBy, workers } from './testing.ts';

test.each(FRAMEWORKS)('%s: every worker knows its number and all hosts', (framework) => {
  expect(seenBy(1, workersEnvironment(framework, workers({ count: 2 })))).toMatchObject({
    AIMASS_WORKER_COUNT: '2',
    AIMASS_WORKER_INDEX: '1',
    AIMASS_WORKER_HOSTS: 'digits-r1-train-1-0.digits-workers,digits-r1-train-1-1.digits-workers',
  });
});

test('sklearn and custom get nothing else', () => {
  for (const framework of ['sklearn', 'custom'] as const) {
    expect(Object.keys(workersEnvironment(framework, workers({ count: 2 })))).toHaveLength(3);
  }
});
