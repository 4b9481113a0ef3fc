import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import type { Cluster } from '../../hack/install/clusters.ts';
import { kubectl } from '../../hack/install/product.ts';
import { programEnvironment } from '../../hack/install/programs.ts';

const terminated = z.object({ startedAt: z.string(), finishedAt: z.string() });
const statuses = z.array(z.object({ name: z.string(), state: z.object({ terminated: terminated.optional() }) }));
const podShape = z.object({
  metadata: z.object({ name: z.string(), labels: z.record(z.string(), z.string()) }),
  spec: z.object({ containers: z.array(z.object({ image: z.string() })) }),
  status: z.object({ initContainerStatuses: statuses.default([]), containerStatuses: statuses.default([]) }),
});
const podList = z.object({ items: z.array(podShape) });

/** What is read of a pod. */
export type Pod = z.output<typeof podShape>;

/** A time with a beginning and an end, as Kubernetes writes them. */
export type Span = z.output<typeof terminated>;

/** Seconds of a span. */
export const between = ({ startedAt, finishedAt }: Span): number =>
  (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000;

/** Seconds that the containers of a pod ran, one after the other; 0 without a pod. */
export const runSeconds = (pod: Pod | undefined): number =>
  [...(pod?.status.initContainerStatuses ?? []), ...(pod?.status.containerStatuses ?? [])]
    .flatMap(({ state }) => state.terminated ?? [])
    .reduce((sum, one) => sum + between(one), 0);

/** The pods that a selector finds. */
export async function podsOf(cluster: Cluster, namespace: string, selector: string): Promise<Pod[]> {
  const text = await kubectl(cluster, ['get', 'pods', '-n', namespace, '-l', selector, '-o', 'json']);
  return podList.parse(JSON.parse(text)).items;
}

/** One line for each event of a pod: its name, and when its only container began and ended. */
const LINE = ['startedAt', 'finishedAt'].map((name) => `{.status.containerStatuses[0].state.terminated.${name}}`);
const TEMPLATE = `jsonpath={.metadata.name} ${LINE.join(' ')}{"\\n"}`;

/** Reads a line of the watch; undefined while the container has not ended. */
export function readLine(line: string): [name: string, span: Span] | undefined {
  const [name = '', startedAt = '', finishedAt = ''] = line.trim().split(' ');
  return finishedAt === '' ? undefined : [name, { startedAt, finishedAt }];
}

/** Remembers how long the containers of pods ran that are gone soon after; `stop` ends it and gives the seconds of each. */
export function followPods(cluster: Cluster, namespace: string, selector: string): { stop: () => number[] } {
  const args = ['get', 'pods', '-n', namespace, '-l', selector, '--watch', '-o', TEMPLATE];
  const child = spawn('kubectl', [...cluster.context.kubectl, ...args], {
    env: programEnvironment(cluster.env),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const spans = new Map<string, Span>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const read = readLine(line);
    if (read !== undefined) spans.set(...read);
  });
  return {
    stop: () => {
      child.kill();
      return [...spans.values()].map(between);
    },
  };
}
