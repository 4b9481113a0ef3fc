import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { apply, createNamespace, environment, untilCondition } from './cluster.ts';
import type { HostileServer } from './hostile-server.ts';
import { startHostileServer } from './hostile-server.ts';

const NAMESPACE = 'e2e-slow-source';
let server: HostileServer;
let namespace: Awaited<ReturnType<typeof createNamespace>>;

beforeAll(async () => {
  server = await startHostileServer(environment.hostAddress());
  namespace = await createNamespace(NAMESPACE);
});
afterAll(async () => {
  await namespace?.remove();
  await server?.close();
});

test('a host that hangs is tried again later, and the status says when', async () => {
  await apply(
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'ca', namespace: NAMESPACE },
      data: { 'ca.crt': server.ca },
    },
    {
      apiVersion: 'aimass.dev/v1alpha1',
      kind: 'Model',
      metadata: { name: 'hangs', namespace: NAMESPACE },
      spec: {
        task: 'tabular-classification',
        source: { uri: `${server.url}/hang.onnx`, caBundle: { name: 'ca' }, maxSize: '8Mi' },
      },
    },
  );
  const failed = await untilCondition('model.aimass.dev', 'hangs', {
    namespace: NAMESPACE,
    status: 'False',
    reason: 'SourceTimeout',
    seconds: 300,
  });
  expect(failed.status?.candidate).toMatchObject({ retryAt: expect.any(String) });
});
