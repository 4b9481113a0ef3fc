import { INDEX, type Workers } from '../workers.ts';

const MASTER_PORT = '29500';
const RENDEZVOUS_PORT = 29_400;

/**
 * For `torchrun`, which reads its options from PET_*; and where each worker is one process, for programs that are started
 * without it. With more processes in each, RANK and its like would be wrong, and are left to torchrun.
 */
export const pytorchEnvironment = (workers: Workers): Record<string, string> => ({
  ...(workers.count > 1 && workers.processes === 1 ? ranks(workers) : {}),
  ...(workers.count > 1 ? meeting(workers) : {}),
  PET_NNODES: nodesOf(workers),
  PET_NPROC_PER_NODE: String(workers.processes),
});

const ranks = ({ count }: Workers) => ({
  WORLD_SIZE: String(count),
  RANK: INDEX,
  LOCAL_RANK: '0',
  LOCAL_WORLD_SIZE: '1',
});

const meeting = (workers: Workers) => ({
  MASTER_ADDR: workers.chief,
  MASTER_PORT,
  NODE_RANK: INDEX,
  PET_NODE_RANK: INDEX,
  PET_RDZV_BACKEND: 'c10d',
  PET_RDZV_ENDPOINT: `${workers.chief}:${RENDEZVOUS_PORT}`,
  PET_RDZV_ID: workers.job,
  // Elastic workers meet again without their pods being replaced; others are restarted as a whole, by the operator.
  PET_MAX_RESTARTS: String(workers.minCount === undefined ? 0 : workers.maxRestarts),
});

const nodesOf = ({ count, minCount }: Workers): string =>
  minCount === undefined ? String(count) : `${minCount}:${count}`;
