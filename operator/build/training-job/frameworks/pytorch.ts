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
  PET_RDZV_ID: workers.job,
  ...(workers.minCount === undefined ? fixedMeeting(workers) : elasticMeeting(workers)),
});

/** Worker 0 leads, by its number. The workers are restarted as a whole, by the operator. */
const fixedMeeting = ({ chief }: Workers) => ({
  PET_RDZV_BACKEND: 'static',
  PET_MASTER_ADDR: chief,
  PET_MASTER_PORT: MASTER_PORT,
  PET_MAX_RESTARTS: '0',
});

/**
 * The workers meet again without their pods being replaced. The one leads that finds the name to be its own: torchrun
 * compares it with what /etc/hosts says, which is the name in full.
 */
const elasticMeeting = ({ chiefInFull, maxRestarts }: Workers) => ({
  PET_RDZV_BACKEND: 'c10d',
  PET_RDZV_ENDPOINT: `${chiefInFull}:${RENDEZVOUS_PORT}`,
  PET_MAX_RESTARTS: String(maxRestarts),
});

const nodesOf = ({ count, minCount }: Workers): string =>
  minCount === undefined ? String(count) : `${minCount}:${count}`;
