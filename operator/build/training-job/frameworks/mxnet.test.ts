import { expect, test } from '@jest/globals';
import { mxnetEnvironment, mxnetRole } from './mxnet.ts';
import { seenBy, workers } from './testing.ts';

test.each([
  { name: 'one worker keeps its parameters itself', asked: {}, want: {} },
  {
    name: 'the program is a worker; there is a server for each',
    asked: { count: 3 },
    want: {
      DMLC_ROLE: 'worker',
      DMLC_WORKER_ID: '2',
      DMLC_PS_ROOT_URI: 'digits-r1-train-1-0.digits-workers',
      DMLC_PS_ROOT_PORT: '9091',
      DMLC_USE_KUBERNETES: '1',
      DMLC_NUM_WORKER: '3',
      DMLC_NUM_SERVER: '3',
    },
  },
])('mxnet, $name', ({ asked, want }) => {
  expect(seenBy(2, mxnetEnvironment(workers(asked)))).toEqual(want);
});

test('mxnet, a server only differs from its worker by its role', () => {
  expect(mxnetRole('server')).toMatch(/^DMLC_ROLE=server .* -c 'import mxnet'$/);
});
