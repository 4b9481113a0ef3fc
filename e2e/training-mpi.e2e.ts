import { beforeAll, expect, test } from '@jest/globals';
import { apply, kubectl, list, untilCondition } from './cluster.ts';
import { inNamespace } from './in-namespace.ts';
import { trainingJobs } from './training-jobs.ts';
import { tutorialCode, tutorialJob } from './tutorials.ts';

const NAMESPACE = inNamespace('e2e-training-mpi');
const { ready } = trainingJobs(NAMESPACE);
/** Where worker 0 puts the MPI of the test: all workers see it. */
const HERE = '/aimass/checkpoints';

beforeAll(async () => {
  await apply(tutorialCode('mpi-code', 'frameworks/mpi.py', NAMESPACE));
});

/** The job of the tutorial, in the toolkit's image, which gets its MPI as data. */
function job(name: string, given: { folder: string; command: string }) {
  const manifest = tutorialJob('frameworks/mpi.yaml', NAMESPACE);
  const { image: _image, data, ...spec } = manifest.spec;
  const prefix = `${HERE}/${given.folder}`;
  const unpack = `tar xzf /aimass/data/mpi/*.tar.gz -C ${HERE}`;
  return {
    ...manifest,
    metadata: { ...manifest.metadata, name },
    spec: {
      ...spec,
      framework: 'caffe',
      command: ['sh', '-c', `${unpack} && exec ${given.command}`],
      env: Object.entries({
        PATH: `${prefix}/bin:/usr/local/bin:/usr/bin:/bin`,
        PYTHONPATH: `${HERE}/t`,
        LD_LIBRARY_PATH: `${prefix}/lib`,
        OPAL_PREFIX: prefix,
        // The workers share the two cores of this machine.
        OMPI_MCA_mpi_yield_when_idle: '1',
        MPI4PY_MPIABI: given.folder === 'o' ? 'openmpi' : 'mpich',
      }).map(([variable, value]) => ({ name: variable, value })),
      data: [...(data as object[]), { name: 'mpi', uri: 'oci://aimass-registry.aimass-system.svc:5000/data/mpi:1' }],
      publish: { model: { name } },
    },
  };
}

// Caffe itself is in no registry: what its builds stand on is tested by a program that needs all of it.
test.each([
  { name: 'openmpi', folder: 'o', command: 'mpirun python3 train.py' },
  { name: 'mpich', folder: 'm', command: 'mpiexec python3 train.py' },
])('$name starts two processes on each of two workers, with neither ssh nor server', async ({ name, ...given }) => {
  await apply(job(name, given));
  const { status } = await ready(name);
  expect(status).toMatchObject({
    run: { number: 1 },
    progress: { step: 15, total: 15, percent: 100 },
    metrics: { latest: { world: 4, accuracy: expect.any(Number) } },
  });
  const workers = await list('pods', NAMESPACE, `aimass.dev/training-job=${name},aimass.dev/stage=train`);
  const hosts = new Set<string>();
  for (const { metadata } of workers) {
    const log = await kubectl(['logs', '-n', NAMESPACE, metadata.name]);
    for (const [, host] of log.matchAll(/process \d of 4 on (\S+)/g)) hosts.add(String(host));
  }
  expect([...hosts].toSorted()).toEqual([`${name}-r1-train-1-0`, `${name}-r1-train-1-1`]);
  await untilCondition('model.aimass.dev', name, { namespace: NAMESPACE });
});
