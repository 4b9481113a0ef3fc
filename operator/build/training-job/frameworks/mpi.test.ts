import { expect, test } from '@jest/globals';
import { hostfile, mpiEnvironment } from './mpi.ts';
import { workers } from './testing.ts';

test.each([
  { name: 'one worker', asked: {}, want: {}, file: 'localhost slots=1\n' },
  {
    name: 'two workers of four processes',
    asked: { count: 2, processesPerWorker: 4 },
    want: {
      OMPI_MCA_orte_default_hostfile: '/etc/mpi/hostfile',
      PRTE_MCA_prte_default_hostfile: '/etc/mpi/hostfile',
    },
    file: 'digits-r1-train-1-0.digits-workers slots=4\ndigits-r1-train-1-1.digits-workers slots=4\n',
  },
])('mpi, $name', ({ asked, want, file }) => {
  expect(mpiEnvironment(workers(asked))).toEqual(want);
  expect(hostfile(workers(asked))).toBe(file);
});
