import type { Workers } from '../../workers.ts';

/** Where the folder of these files is. */
export const MPI_FOLDER = '/etc/mpi';

/**
 * For mpirun and mpiexec, which worker 0 runs: which hosts there are. Open MPI 4 and older, Open MPI 5, MPICH, Intel MPI; the
 * last two write hosts in another way. And that no process may read another's memory: pods mostly forbid it, which Open MPI
 * tells at length, and MPICH ends for.
 */
export const mpiEnvironment = ({ count, job }: Workers): Record<string, string> =>
  count === 1
    ? {}
    : {
        AIMASS_LAUNCH: job,
        OMPI_MCA_orte_default_hostfile: `${MPI_FOLDER}/hostfile`,
        PRTE_MCA_prte_default_hostfile: `${MPI_FOLDER}/hostfile`,
        HYDRA_HOST_FILE: `${MPI_FOLDER}/machinefile`,
        I_MPI_HYDRA_HOST_FILE: `${MPI_FOLDER}/machinefile`,
        OMPI_MCA_btl_vader_single_copy_mechanism: 'none',
        OMPI_MCA_smsc: '^cma',
        MPIR_CVAR_CH4_CMA_ENABLE: '0',
      };
