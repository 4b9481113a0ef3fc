import { expect, test } from '@jest/globals';
import { workers } from '../testing.ts';
import { mpiEnvironment } from './environment.ts';
import { mpiFiles } from './files.ts';

test('one worker starts its processes itself', () => {
  expect(mpiEnvironment(workers({}))).toEqual({});
});

test('two workers of four processes: every MPI finds the hosts in its own notation', () => {
  const two = workers({ count: 2, processesPerWorker: 4 }, 'caffe');
  expect(mpiEnvironment(two)).toEqual({
    AIMASS_LAUNCH: 'digits-r1-train-1',
    OMPI_MCA_orte_default_hostfile: '/etc/mpi/hostfile',
    PRTE_MCA_prte_default_hostfile: '/etc/mpi/hostfile',
    HYDRA_HOST_FILE: '/etc/mpi/machinefile',
    I_MPI_HYDRA_HOST_FILE: '/etc/mpi/machinefile',
    OMPI_MCA_btl_vader_single_copy_mechanism: 'none',
    OMPI_MCA_smsc: '^cma',
    MPIR_CVAR_CH4_CMA_ENABLE: '0',
  });
  expect(mpiFiles(two)).toMatchObject({
    hostfile: 'digits-r1-train-1-0.digits-workers slots=4\ndigits-r1-train-1-1.digits-workers slots=4\n',
    machinefile: 'digits-r1-train-1-0.digits-workers:4\ndigits-r1-train-1-1.digits-workers:4\n',
  });
});
