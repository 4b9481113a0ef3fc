import type { Framework } from '../../../../crds/schema/training/program.ts';
import { INDEX, type Workers } from '../workers.ts';
import { horovodEnvironment } from './horovod.ts';
import { mpiEnvironment } from './mpi/environment.ts';
import { mxnetEnvironment } from './mxnet.ts';
import { paddlepaddleEnvironment } from './paddlepaddle.ts';
import { pytorchEnvironment } from './pytorch.ts';
import { tensorflowEnvironment } from './tensorflow.ts';

const none = (): Record<string, string> => ({});

const environments: Readonly<Record<Framework, (workers: Workers) => Record<string, string>>> = {
  pytorch: pytorchEnvironment,
  tensorflow: tensorflowEnvironment,
  paddlepaddle: paddlepaddleEnvironment,
  mxnet: mxnetEnvironment,
  caffe: mpiEnvironment,
  horovod: horovodEnvironment,
  sklearn: none,
  custom: none,
};

/** What the workers find in their environment: who they are, for every framework, and what its own launcher expects. */
export const workersEnvironment = (framework: Framework, workers: Workers): Record<string, string> => ({
  AIMASS_WORKER_COUNT: String(workers.count),
  AIMASS_WORKER_INDEX: INDEX,
  AIMASS_WORKER_HOSTS: workers.hosts.join(','),
  ...environments[framework](workers),
});
