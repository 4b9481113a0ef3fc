import { INDEX, type Workers } from '../workers.ts';

const MASTER_PORT = 37_777;
const TRAINER_PORT = 6170;

/**
 * For `python3 -m paddle.distributed.launch`, which reads its options from these; and where each worker is one process, for
 * programs that call init_parallel_env without it.
 */
export const paddlepaddleEnvironment = (workers: Workers): Record<string, string> => ({
  PADDLE_NPROC_PER_NODE: String(workers.processes),
  // The default is a folder beside the program, where it may not write.
  PADDLE_LOG_DIR: '/tmp/paddle-log',
  ...(workers.count > 1 ? meeting(workers) : {}),
  ...(workers.count > 1 && workers.processes === 1 ? trainers(workers) : {}),
});

const meeting = (workers: Workers) => ({
  PADDLE_MASTER: `${workers.chief}:${MASTER_PORT}`,
  PADDLE_NNODES: String(workers.count),
  PADDLE_JOB_ID: workers.job,
  PADDLE_RANK: INDEX,
  PADDLE_TRAINER_ID: INDEX,
});

const trainers = (workers: Workers) => ({
  PADDLE_TRAINERS_NUM: String(workers.count),
  PADDLE_TRAINER_ENDPOINTS: workers.hosts.map((host) => `${host}:${TRAINER_PORT}`).join(','),
  PADDLE_CURRENT_ENDPOINT: `${workers.self}:${TRAINER_PORT}`,
});
