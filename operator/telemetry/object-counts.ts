import type { Metrics } from './metrics.ts';

/** What is counted of an object: where it is, and what its conditions say. */
export interface CountedObject {
  kind: string;
  metadata: { namespace?: string };
  status?: { conditions?: readonly { type: string; status: string; reason?: string }[] };
}

type Labels = Record<'kind' | 'namespace' | 'ready' | 'reason' | 'stalled', string>;

/** Counts what people apply, by what became of it: the metric to watch a whole cluster of models by. */
export function countObjects(gauge: Metrics['objects'], objects: Iterable<CountedObject>): void {
  const counts = new Map<string, { labels: Labels; count: number }>();
  for (const object of objects) {
    const labels = labelsOf(object);
    const key = Object.values(labels).join('|');
    const known = counts.get(key);
    if (known === undefined) counts.set(key, { labels, count: 1 });
    else known.count += 1;
  }
  // What nobody is any more must not stay as it was.
  gauge.reset();
  for (const { labels, count } of counts.values()) gauge.set(labels, count);
}

function labelsOf({ kind, metadata, status }: CountedObject): Labels {
  const conditions = status?.conditions ?? [];
  const ready = conditions.find(({ type }) => type === 'Ready');
  const isStalled = conditions.some((condition) => condition.type === 'Stalled' && condition.status === 'True');
  return {
    kind,
    namespace: metadata.namespace ?? '',
    ready: ready?.status ?? 'Unknown',
    reason: ready?.reason ?? '',
    stalled: String(isStalled),
  };
}
