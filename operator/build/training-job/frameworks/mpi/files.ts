import type { Workers } from '../../workers.ts';
import { LAUNCH, SSH } from './scripts.ts';

/** What the folder of MPI holds, by path: who the workers are, in both notations, and how one starts programs on another. */
export const mpiFiles = (workers: Workers): Record<string, string> => ({
  hostfile: lines(workers, (host, processes) => `${host} slots=${processes}`),
  machinefile: lines(workers, (host, processes) => `${host}:${processes}`),
  launch: LAUNCH,
  'bin/ssh': SSH,
});

/** A line for each worker, with the number of processes that it takes. */
const lines = ({ hosts, processes }: Workers, line: (host: string, processes: number) => string): string =>
  hosts.map((host) => `${line(host, processes)}\n`).join('');
