import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './clusters.ts';
import { kubectl } from './product.ts';
import type { Say } from './progress.ts';

interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
}
interface Live {
  metadata: { generation?: number };
  status?: { observedGeneration?: number; waitingFor?: string; conditions?: Condition[] };
}

/** Waits until an object is Ready, telling what it says of itself; throws at once when it says that a person is needed. */
export async function waitUntilReady(
  cluster: Cluster,
  object: { kind: string; name: string; namespace: string; seconds: number },
  say: Say,
): Promise<void> {
  const { kind, name, namespace, seconds } = object;
  const deadline = Date.now() + seconds * 1000;
  let message = 'no status yet';
  while (Date.now() < deadline) {
    const live = JSON.parse(await kubectl(cluster, ['get', kind, name, '-n', namespace, '-o', 'json'])) as Live;
    const ready = currentCondition(live, 'Ready');
    message = live.status?.waitingFor ?? ready?.message ?? message;
    if (ready?.status === 'True') return;
    if (currentCondition(live, 'Stalled')?.status === 'True') throw new Error(`${kind} ${name}: ${message}`);
    say(message);
    await sleep(300);
  }
  throw new Error(
    `${kind} ${name} is not Ready after ${seconds} s: ${message}\n` +
      `Look closer: kubectl describe ${kind} ${name} -n ${namespace}; kubectl get pods,events -n ${namespace}`,
  );
}

/** A condition that was decided for the present generation: an older one says nothing about what was just applied. */
const currentCondition = ({ metadata, status }: Live, type: string): Condition | undefined =>
  status?.observedGeneration === metadata.generation
    ? status?.conditions?.find((condition) => condition.type === type)
    : undefined;
