import { INDEX, type Workers } from '../workers.ts';
import { mpiEnvironment } from './mpi/environment.ts';

const PORT = 9092;

/**
 * For Horovod over Gloo, which needs no launcher: each pod starts the program once, with its rank. The meeting point that
 * horovodrun would start runs in a helper container beside worker 0. With mpirun or horovodrun, what these need.
 */
export const horovodEnvironment = (workers: Workers): Record<string, string> => {
  if (workers.count === 1) return {};
  return workers.isLaunched ? mpiEnvironment(workers) : glooEnvironment(workers);
};

const glooEnvironment = (workers: Workers): Record<string, string> => ({
  HOROVOD_CONTROLLER: 'gloo',
  HOROVOD_CPU_OPERATIONS: 'gloo',
  HOROVOD_GLOO_RENDEZVOUS_ADDR: workers.chief,
  HOROVOD_GLOO_RENDEZVOUS_PORT: String(PORT),
  HOROVOD_GLOO_IFACE: 'eth0',
  HOROVOD_GLOO_TIMEOUT_SECONDS: '600',
  HOROVOD_HOSTNAME: workers.self,
  HOROVOD_RANK: INDEX,
  HOROVOD_SIZE: String(workers.count),
  HOROVOD_LOCAL_RANK: '0',
  HOROVOD_LOCAL_SIZE: '1',
  HOROVOD_CROSS_RANK: INDEX,
  HOROVOD_CROSS_SIZE: String(workers.count),
});

/** The meeting point: an HTTP server of Horovod's own, which knows from AIMASS_WORKER_HOSTS who will come. */
export const horovodRendezvous = (): string => `"$(command -v python3 || command -v python)" -c '
import os
from horovod.runner.common.util.hosts import get_host_assignments, parse_hosts
from horovod.runner.http.http_server import RendezvousHandler, RendezvousHTTPServer
workers = os.environ["AIMASS_WORKER_HOSTS"].split(",")
server = RendezvousHTTPServer(("", ${PORT}), RendezvousHandler, 0)
server.init(get_host_assignments(parse_hosts(",".join(host + ":1" for host in workers)), len(workers)))
server.serve_forever()'`;
