import { expect, test } from '@jest/globals';
import { pytorchEnvironment } from './pytorch.ts';
import { seenBy, workers } from './testing.ts';

const chief = 'digits-r1-train-1-0.digits-workers';
const meeting = {
  MASTER_ADDR: chief,
  MASTER_PORT: '29500',
  NODE_RANK: '1',
  PET_NODE_RANK: '1',
  PET_RDZV_ID: 'digits-r1-train-1',
};
const fixed = {
  ...meeting,
  PET_RDZV_BACKEND: 'static',
  PET_MASTER_ADDR: chief,
  PET_MASTER_PORT: '29500',
  PET_MAX_RESTARTS: '0',
};
const elastic = { ...meeting, PET_RDZV_BACKEND: 'c10d', PET_MAX_RESTARTS: '3' };

test.each([
  { name: 'one worker meets nobody', asked: {}, want: { PET_NNODES: '1', PET_NPROC_PER_NODE: '1' } },
  {
    name: 'one process each: with or without torchrun',
    asked: { count: 2 },
    want: {
      ...fixed,
      WORLD_SIZE: '2',
      RANK: '1',
      LOCAL_RANK: '0',
      LOCAL_WORLD_SIZE: '1',
      PET_NNODES: '2',
      PET_NPROC_PER_NODE: '1',
    },
  },
  {
    name: 'several processes each: ranks are up to torchrun',
    asked: { count: 2, processesPerWorker: 4 },
    want: { ...fixed, PET_NNODES: '2', PET_NPROC_PER_NODE: '4' },
  },
  {
    name: 'elastic: as few as two, restarted in place',
    asked: { count: 4, minCount: 2, processesPerWorker: 2 },
    want: {
      ...elastic,
      PET_RDZV_ENDPOINT: `${chief}.team.svc.cluster.local:29400`,
      PET_NNODES: '2:4',
      PET_NPROC_PER_NODE: '2',
    },
  },
])('pytorch, $name', ({ asked, want }) => {
  expect(seenBy(1, pytorchEnvironment(workers(asked, 'pytorch')))).toEqual(want);
});
