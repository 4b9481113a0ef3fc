import { beforeAll, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { apply, environment, untilCondition } from './cluster.ts';
import { inNamespace } from './in-namespace.ts';
import { libraryManifest } from './library.ts';

const NAMESPACE = inNamespace('e2e-python');

beforeAll(async () => {
  await apply(
    libraryManifest('iris', 'model', { namespace: NAMESPACE }),
    libraryManifest('iris', 'service', { namespace: NAMESPACE }),
  );
  await untilCondition('inferenceservice.aimass.dev', 'iris', { namespace: NAMESPACE });
});

test('the Python package and the command line find a service by name and use it', async () => {
  const { stdout } = await promisify(execFile)(
    'bash',
    [join(import.meta.dirname, '..', 'hack', 'python-test.sh'), '-m', 'cluster'],
    {
      env: {
        ...process.env,
        AIMASS_TEST_KUBECONFIG: environment.kubeconfig(),
        AIMASS_TEST_NAMESPACE: NAMESPACE,
        AIMASS_TEST_SERVICE: 'iris',
      },
    },
  ).catch(({ stdout: said }: { stdout: string }) => ({ stdout: said }));
  expect(stdout).toMatch(/^(?!0 )\d+ passed, 0 failed$/m);
  expect(stdout).not.toContain('SKIPPED');
});
