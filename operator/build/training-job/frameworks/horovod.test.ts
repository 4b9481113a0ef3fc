import { expect, test } from '@jest/globals';
import { horovodEnvironment } from './horovod.ts';
import { seenBy, workers } from './testing.ts';

test.each([
  { name: 'one worker', asked: {}, want: {} },
  {
    name: 'two workers meet over Gloo at the first',
    asked: { count: 2 },
    want: {
      HOROVOD_CONTROLLER: 'gloo',
      HOROVOD_CPU_OPERATIONS: 'gloo',
      HOROVOD_GLOO_RENDEZVOUS_ADDR: 'digits-r1-train-1-0.digits-workers',
      HOROVOD_GLOO_RENDEZVOUS_PORT: '9092',
      HOROVOD_GLOO_IFACE: 'eth0',
      HOROVOD_GLOO_TIMEOUT_SECONDS: '600',
      HOROVOD_HOSTNAME: 'digits-r1-train-1-1.digits-workers',
      HOROVOD_RANK: '1',
      HOROVOD_SIZE: '2',
      HOROVOD_LOCAL_RANK: '0',
      HOROVOD_LOCAL_SIZE: '1',
      HOROVOD_CROSS_RANK: '1',
      HOROVOD_CROSS_SIZE: '2',
    },
  },
])('horovod, $name', ({ asked, want }) => {
  expect(seenBy(1, horovodEnvironment(workers(asked)))).toEqual(want);
});
