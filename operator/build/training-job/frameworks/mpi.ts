import type { Workers } from '../workers.ts';

/** Where the file is that says which hosts there are. */
export const HOSTFILE = '/etc/mpi/hostfile';

/** For mpirun of Open MPI: which hosts there are. How it starts processes on them is up to the image. */
export const mpiEnvironment = ({ count }: Workers): Record<string, string> =>
  count === 1 ? {} : { OMPI_MCA_orte_default_hostfile: HOSTFILE, PRTE_MCA_prte_default_hostfile: HOSTFILE };

/** A line for each worker, with the number of processes that it takes. */
export const hostfile = ({ hosts, processes }: Workers): string =>
  hosts.map((host) => `${host} slots=${processes}\n`).join('');
