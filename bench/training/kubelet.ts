import type { ApiClient, Resource } from '../operator/api.ts';
import { forEachConcurrently } from '../operator/api.ts';
import { Tracker } from '../operator/tracker.ts';

/** A node that nobody manages but `endPods` below. */
export async function addPlainNode(api: ApiClient, name: string): Promise<void> {
  const room = { cpu: '1000', memory: '4Ti', pods: '10000' };
  await api.create({ apiVersion: 'v1', kind: 'Node', metadata: { name } });
  const now = new Date().toISOString();
  const conditions = [
    { type: 'Ready', status: 'True', reason: 'Simulated', lastHeartbeatTime: now, lastTransitionTime: now },
  ];
  await api.send('PATCH', `/api/v1/nodes/${name}/status`, {
    status: { allocatable: room, capacity: room, conditions },
  });
  const taints = { spec: { taints: null } };
  await api.send('PATCH', `/api/v1/nodes/${name}`, taints);
}

interface Pod extends Resource {
  spec: { nodeName?: string; containers: { name: string }[] };
  metadata: Resource['metadata'] & { annotations?: Record<string, string> };
}

/** Ends each pod of a namespace as soon as it has a node, with the metrics that `score` makes of its parameters. */
export function endPods(
  api: ApiClient,
  namespace: string,
  score: (parameters: Record<string, number>) => Record<string, number>,
): { stop: () => void } {
  const ended = new Set<string>();
  const queue: Pod[] = [];
  let working = false;
  const work = async (): Promise<void> => {
    if (working) return;
    working = true;
    while (queue.length > 0) await forEachConcurrently(queue.splice(0), (pod) => end(api, pod, score));
    working = false;
  };
  const pods = new Tracker(api, `/api/v1/namespaces/${namespace}/pods`, (object) => {
    const pod = object as Pod;
    if (pod.spec.nodeName === undefined || ended.has(pod.metadata.name)) return false;
    ended.add(pod.metadata.name);
    queue.push(pod);
    void work();
    return true;
  });
  return { stop: () => pods.stop() };
}

async function end(
  api: ApiClient,
  { metadata, spec }: Pod,
  score: (parameters: Record<string, number>) => Record<string, number>,
): Promise<void> {
  const parameters = JSON.parse(metadata.annotations?.['aimass.dev/parameters'] ?? '{}') as Record<string, number>;
  const now = new Date().toISOString().replace(/\.\d+/, '');
  const message = JSON.stringify({ ok: true, metrics: score(parameters) });
  const terminated = { exitCode: 0, reason: 'Completed', startedAt: now, finishedAt: now, message };
  const containerStatuses = spec.containers.map(({ name }) => ({
    name,
    image: 'bench',
    imageID: 'bench',
    ready: false,
    restartCount: 0,
    state: { terminated },
  }));
  const status = { phase: 'Succeeded', startTime: now, containerStatuses };
  await api
    .send('PATCH', `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}/status`, { status })
    .catch(() => undefined); // it was deleted meanwhile
}
