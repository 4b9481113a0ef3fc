import { INDEX, type Workers } from '../workers.ts';

const SCHEDULER_PORT = '9091';

/**
 * For kvstore `dist_*`: the program is a worker; a parameter server beside each worker and a scheduler beside worker 0 run
 * in helper containers, so that the program is started once in each pod, as without distribution.
 */
export const mxnetEnvironment = (workers: Workers): Record<string, string> =>
  workers.count === 1
    ? {}
    : {
        DMLC_ROLE: 'worker',
        DMLC_WORKER_ID: INDEX,
        DMLC_PS_ROOT_URI: workers.chief,
        DMLC_PS_ROOT_PORT: SCHEDULER_PORT,
        // Otherwise the scheduler listens at its name, which is no address that it can listen at.
        DMLC_USE_KUBERNETES: '1',
        DMLC_NUM_WORKER: String(workers.count),
        DMLC_NUM_SERVER: String(workers.count),
      };

/** What MXNet's other roles run: importing it is enough, they serve until the workers are done. */
export const mxnetRole = (role: 'server' | 'scheduler'): string =>
  `DMLC_ROLE=${role} "$(command -v python3 || command -v python)" -c 'import mxnet'`;
