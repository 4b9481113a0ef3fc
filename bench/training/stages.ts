import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { contextCluster, type Cluster } from '../../hack/install/clusters.ts';
import { createNamespace, kubectl } from '../../hack/install/product.ts';
import { PROJECT } from '../../hack/install/programs.ts';
import { median } from '../operator/floor.ts';

/** Seconds with real pods. Kubernetes tells the times of containers in whole seconds, so each figure is off by up to one. */
export interface StageFigures {
  stages: { name: string; platformSeconds: number; containerSeconds: number }[];
  /** A Job of one pod of the same image that does nothing, beside its container's own time. */
  bareSeconds: number;
  /** From TrainingJob applied to the first answer of the served model. */
  firstAnswerSeconds: number;
}

const TUTORIAL = join(PROJECT, 'docs', 'tutorials', 'training', 'recipe', 'job.yaml');
const QUESTION = { inputs: { data: { age: [40], months: [70], fee: [20], plan: ['pro'], region: ['east'] } } };

const terminated = z.object({ startedAt: z.string(), finishedAt: z.string() });
const statuses = z.array(z.object({ name: z.string(), state: z.object({ terminated: terminated.optional() }) }));
const podList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ labels: z.record(z.string(), z.string()) }),
      spec: z.object({ containers: z.array(z.object({ image: z.string() })) }),
      status: z.object({ initContainerStatuses: statuses.default([]), containerStatuses: statuses.default([]) }),
    }),
  ),
});
const trained = z.object({
  status: z.object({
    stages: z.array(z.object({ name: z.string(), startedAt: z.string(), finishedAt: z.string() })),
  }),
});

const between = ({ startedAt, finishedAt }: z.output<typeof terminated>): number =>
  (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000;

/** Seconds that the containers of a pod ran, one after the other. */
const runSeconds = ({ status }: z.output<typeof podList>['items'][number]): number =>
  [...status.initContainerStatuses, ...status.containerStatuses]
    .flatMap(({ state }) => state.terminated ?? [])
    .reduce((sum, one) => sum + between(one), 0);

async function podsOf(cluster: Cluster, namespace: string, selector: string) {
  const text = await kubectl(cluster, ['get', 'pods', '-n', namespace, '-l', selector, '-o', 'json']);
  return podList.parse(JSON.parse(text)).items;
}

async function measureBare(cluster: Cluster, namespace: string, image: string): Promise<number> {
  const container = {
    name: 'bare',
    image,
    command: ['python3', '-c', 'pass'],
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
  };
  const security = { runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: 'RuntimeDefault' } };
  const spec = { restartPolicy: 'Never', securityContext: security, containers: [container] };
  const job = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'bare', namespace },
    spec: { template: { spec } },
  };
  const startedAt = performance.now();
  await kubectl(cluster, ['apply', '-f', '-'], JSON.stringify(job));
  await kubectl(cluster, ['wait', '-n', namespace, 'job/bare', '--for=condition=Complete', '--timeout=120s']);
  const seconds = (performance.now() - startedAt) / 1000;
  const [pod] = await podsOf(cluster, namespace, 'job-name=bare');
  return seconds - (pod === undefined ? 0 : runSeconds(pod));
}

async function measureOnce(cluster: Cluster, namespace: string): Promise<StageFigures> {
  await createNamespace(cluster, namespace);
  try {
    const startedAt = performance.now();
    await kubectl(cluster, ['apply', '-n', namespace, '-f', '-'], readFileSync(TUTORIAL, 'utf8'));
    for (const kind of ['trainingjob', 'inferenceservice'])
      await kubectl(cluster, ['wait', '-n', namespace, `${kind}/churn`, '--for=condition=Ready', '--timeout=600s']);
    await ask(cluster, namespace);
    const firstAnswerSeconds = (performance.now() - startedAt) / 1000;
    const text = await kubectl(cluster, ['get', 'trainingjob', 'churn', '-n', namespace, '-o', 'json']);
    const { stages } = trained.parse(JSON.parse(text)).status;
    const pods = await podsOf(cluster, namespace, 'aimass.dev/training-job=churn');
    const measured = stages.map((stage) => {
      const pod = pods.find(({ metadata }) => metadata.labels['aimass.dev/stage'] === stage.name);
      const containerSeconds = pod === undefined ? 0 : runSeconds(pod);
      return { name: stage.name, containerSeconds, platformSeconds: between(stage) - containerSeconds };
    });
    const image = pods.find(({ metadata }) => metadata.labels['aimass.dev/stage'] === 'train')?.spec.containers[0]
      ?.image;
    const bareSeconds = await measureBare(cluster, namespace, image ?? '');
    return { stages: measured, bareSeconds, firstAnswerSeconds };
  } finally {
    await kubectl(cluster, ['delete', 'namespace', namespace]);
  }
}

/** Asks through the API server's proxy, whose endpoints may be a moment behind a Ready service. */
async function ask(cluster: Cluster, namespace: string): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/services/churn:80/proxy/models/churn`;
  const deadline = performance.now() + 30_000;
  for (;;) {
    try {
      await kubectl(cluster, ['create', '--raw', path, '-f', '-'], JSON.stringify(QUESTION));
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(50);
    }
  }
}

/** The medians of some rounds, on a cluster with AI Mass, training and the data of the tutorials. */
export async function measureStages(
  { context, rounds }: { context: string; rounds: number },
  say: (text: string) => void,
): Promise<StageFigures> {
  const cluster = contextCluster(context);
  const figures: StageFigures[] = [];
  for (let round = 0; round < rounds; round += 1) {
    say(`stages: round ${round + 1} of ${rounds}`);
    figures.push(await measureOnce(cluster, `bench-training-${round}`));
  }
  const middle = (pick: (one: StageFigures) => number): number => median(figures.map(pick));
  const names = figures[0]?.stages.map(({ name }) => name) ?? [];
  const ofStage = (one: StageFigures, name: string) => one.stages.find((stage) => stage.name === name);
  return {
    stages: names.map((name) => ({
      name,
      platformSeconds: middle((one) => ofStage(one, name)?.platformSeconds ?? 0),
      containerSeconds: middle((one) => ofStage(one, name)?.containerSeconds ?? 0),
    })),
    bareSeconds: middle(({ bareSeconds }) => bareSeconds),
    firstAnswerSeconds: middle(({ firstAnswerSeconds }) => firstAnswerSeconds),
  };
}
