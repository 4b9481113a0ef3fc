import type { Cluster, KubeObject } from '../kube/cluster.ts';

interface KubeEvent extends KubeObject {
  reason?: string;
  message?: string;
  lastTimestamp?: string | null;
  eventTime?: string | null;
}

/** A warning that Kubernetes has recorded about an object. */
export interface Warning {
  reason: string;
  message: string;
}

/** The warnings about an object, newest first. Asks the API server: events are too many to be watched. */
export async function readWarnings(cluster: Cluster, { metadata }: KubeObject): Promise<Warning[]> {
  const events = await cluster.readAll<KubeEvent>({
    apiVersion: 'v1',
    kind: 'Event',
    ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
    fieldSelector: `involvedObject.uid=${metadata.uid ?? ''},type=Warning`,
  });
  return events
    .toSorted((a, b) => timeOf(b).localeCompare(timeOf(a)))
    .map(({ reason = '', message = '' }) => ({ reason, message }));
}

const timeOf = (event: KubeEvent): string => event.lastTimestamp ?? event.eventTime ?? '';
