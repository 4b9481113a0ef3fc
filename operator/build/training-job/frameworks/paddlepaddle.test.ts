import { expect, test } from '@jest/globals';
import { paddlepaddleEnvironment } from './paddlepaddle.ts';
import { seenBy, workers } from './testing.ts';

const host = (index: number): string => `digits-r1-train-1-${index}.digits-workers`;
const meeting = {
  PADDLE_MASTER: `${host(0)}:37777`,
  PADDLE_NNODES: '2',
  PADDLE_JOB_ID: 'digits-r1-train-1',
  PADDLE_RANK: '1',
  PADDLE_TRAINER_ID: '1',
  PADDLE_LOG_DIR: '/tmp/paddle-log',
};

test.each([
  { name: 'one worker', asked: {}, want: { PADDLE_NPROC_PER_NODE: '1', PADDLE_LOG_DIR: '/tmp/paddle-log' } },
  {
    name: 'one process each: with or without the launcher',
    asked: { count: 2 },
    want: {
      ...meeting,
      PADDLE_NPROC_PER_NODE: '1',
      PADDLE_TRAINERS_NUM: '2',
      PADDLE_TRAINER_ENDPOINTS: `${host(0)}:6170,${host(1)}:6170`,
      PADDLE_CURRENT_ENDPOINT: `${host(1)}:6170`,
    },
  },
  {
    name: 'several processes each: endpoints are up to the launcher',
    asked: { count: 2, processesPerWorker: 8 },
    want: { ...meeting, PADDLE_NPROC_PER_NODE: '8' },
  },
])('paddlepaddle, $name', ({ asked, want }) => {
  expect(seenBy(1, paddlepaddleEnvironment(workers(asked)))).toEqual(want);
});
