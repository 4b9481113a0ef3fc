import { afterAll, beforeAll } from '@jest/globals';
import { apply, environment } from './cluster.ts';
import { startHostileServer, type HostileServer } from './hostile-server.ts';

/** The tests of a file have a web server of their own, and Models in this namespace that come from it. */
export function hostedModels(namespace: string) {
  let server: HostileServer;
  const configMap = (name: string, data: Record<string, string>) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace },
    data,
  });
  beforeAll(async () => {
    server = await startHostileServer(environment.hostAddress());
    await apply(configMap('ca', { 'ca.crt': server.ca }));
  });
  afterAll(() => server?.close());
  return {
    server: (): HostileServer => server,
    configMap,
    /** A Model that takes `path` from the server. */
    model: (name: string, path: string, extra: Record<string, unknown> = {}) => ({
      apiVersion: 'aimass.dev/v1alpha1',
      kind: 'Model',
      metadata: { name, namespace },
      spec: {
        task: 'tabular-classification',
        source: { uri: `${server.url}${path}`, caBundle: { name: 'ca' }, maxSize: '8Mi' },
        ...extra,
      },
    }),
  };
}

/** Has a Model verified by the golden examples of a ConfigMap. */
export const goldenFrom = (name: string) => ({ verification: { golden: { configMap: { name } } } });
