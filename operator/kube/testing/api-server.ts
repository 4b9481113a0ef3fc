import { KubeConfig } from '@kubernetes/client-node';
import type { ControlPlane } from '../../../hack/local-cluster/control-plane.ts';
import { createMetrics, type Metrics } from '../../telemetry/metrics.ts';
import { silentLogger } from '../../telemetry/log.ts';
import type { KubeObject, OwnerReference } from '../cluster.ts';
import { createConnection, type Connection } from '../connection.ts';
import { LiveCluster, type LiveClusterOptions } from '../live-cluster.ts';

/** A connection to a control plane, or to a plain HTTP proxy in front of it. */
export function connectTo(plane: ControlPlane, server?: string): Connection {
  const config = new KubeConfig();
  config.loadFromString(plane.kubeconfig);
  const cluster = config.getCurrentCluster();
  if (cluster !== null && server !== undefined) Object.assign(cluster, { server, skipTLSVerify: true });
  return createConnection(config);
}

/** A live cluster for tests, with its own metrics. */
export function liveCluster(options: Partial<LiveClusterOptions> & Pick<LiveClusterOptions, 'connection' | 'kinds'>): {
  cluster: LiveCluster;
  metrics: Metrics;
} {
  const metrics = createMetrics('0.0.0-test');
  const cluster = new LiveCluster({
    namespaces: [],
    log: silentLogger,
    metrics,
    version: '0.0.0-test',
    instance: 'test-1',
    ...options,
  });
  return { cluster, metrics };
}

/** Polls until the probe gives something; throws after the time. */
export async function eventually<T>(probe: () => T | undefined | Promise<T | undefined>, limitMs = 20_000): Promise<T> {
  const end = Date.now() + limitMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`still not so after ${limitMs} ms: ${probe.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The controlling owner reference to an object. */
export const ownerOf = ({ apiVersion, kind, metadata }: KubeObject): OwnerReference => ({
  apiVersion,
  kind,
  name: metadata.name,
  uid: metadata.uid ?? '',
  controller: true,
  blockOwnerDeletion: true,
});
