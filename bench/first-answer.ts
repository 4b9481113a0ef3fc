import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { contextCluster, ownCluster, removeOwnCluster, type Cluster } from '../hack/install/clusters.ts';
import {
  SERVING_IMAGES,
  createNamespace,
  installChart,
  kubectl,
  provideImages,
  pushLibrary,
} from '../hack/install/product.ts';
import { step } from '../hack/install/progress.ts';
import { PROJECT } from '../hack/install/programs.ts';
import { median } from './operator/floor.ts';

const USAGE = `usage: npm run bench:first-answer -- [--model digits] [--times 5] [--context NAME]
Seconds from apply to a verified Model, to a Ready InferenceService and to its first answer, on a real cluster: one of its
own, started for this and taken away again, or that of a kube context in which AI Mass and its library are installed.
Each time in a namespace of its own. The images are on the node already.`;

const CLUSTER = 'bench';
const POLL_MS = 50;

/** Seconds from apply to each event. */
interface Sample {
  verified: number;
  ready: number;
  firstAnswer: number;
}

/** A model of the library, and the namespace to serve it in. */
interface Attempt {
  model: string;
  namespace: string;
}

async function measureOnce(cluster: Cluster, attempt: Attempt): Promise<Sample> {
  const { model, namespace } = attempt;
  const file = (name: string) => join(PROJECT, 'library', model, name);
  await createNamespace(cluster, namespace);
  try {
    const startedAt = performance.now();
    const seconds = () => (performance.now() - startedAt) / 1000;
    const untilReady = async (kind: string) => {
      await kubectl(cluster, ['wait', '-n', namespace, `${kind}/${model}`, '--for=condition=Ready', '--timeout=300s']);
      return seconds();
    };
    await kubectl(cluster, ['apply', '-n', namespace, '-f', file('model.yaml'), '-f', file('service.yaml')]);
    const [verified, ready] = await Promise.all([untilReady('model'), untilReady('inferenceservice')]);
    await firstAnswer(cluster, attempt, file('sample-request.json'));
    return { verified, ready, firstAnswer: seconds() };
  } finally {
    await kubectl(cluster, ['delete', 'namespace', namespace]);
  }
}

/** Asks through the API server's proxy, which every cluster has, until there is an answer. */
async function firstAnswer(cluster: Cluster, { model, namespace }: Attempt, request: string): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/services/${model}:80/proxy/v2/models/${model}/infer`;
  const deadline = performance.now() + 30_000;
  for (;;) {
    try {
      const answer = await kubectl(cluster, ['create', '--raw', path, '-f', request]);
      if (!answer.includes('"outputs"')) throw new Error(`the answer has no outputs: ${answer.slice(0, 500)}`);
      return;
    } catch (error) {
      // A Ready service answers; the proxy's own endpoints may be a moment behind.
      if (performance.now() > deadline) throw error;
      await sleep(POLL_MS);
    }
  }
}

function reportOf(samples: readonly Sample[], loadAverage: number): string {
  const cells = ({ verified, ready, firstAnswer: answer }: Sample) =>
    [verified, ready, answer].map((seconds) => seconds.toFixed(1)).join(' | ');
  const middle = (pick: (sample: Sample) => number) => median(samples.map(pick));
  const medians = {
    verified: middle(({ verified }) => verified),
    ready: middle(({ ready }) => ready),
    firstAnswer: middle(({ firstAnswer: answer }) => answer),
  };
  return [
    `${availableParallelism()} cores, load average before the run ${loadAverage.toFixed(1)}. Seconds from kubectl apply:`,
    '',
    '| run | verified | Ready | first answer |',
    '| --- | --- | --- | --- |',
    ...samples.map((sample, index) => `| ${index + 1} | ${cells(sample)} |`),
    `| median | ${cells(medians)} |`,
  ].join('\n');
}

async function prepare(): Promise<Cluster> {
  const cluster = await step('start a cluster', (say) => ownCluster(CLUSTER, say));
  const images = await step('build the images and load them', (say) => provideImages(cluster, SERVING_IMAGES, say));
  await step('install AI Mass', (say) => installChart(cluster, { images }, say));
  await step('push the library', (say) => pushLibrary(cluster, say));
  return cluster;
}

async function measureAll(cluster: Cluster, { model, times }: { model: string; times: number }): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (let index = 0; index < times; index += 1) {
    const attempt = { model, namespace: `bench-first-answer-${index}` };
    samples.push(await step(`run ${index + 1} of ${times}`, () => measureOnce(cluster, attempt)));
  }
  return samples;
}

async function runFromCommandLine(): Promise<void> {
  const { values } = parseArgs({
    options: {
      model: { type: 'string', default: 'digits' },
      times: { type: 'string', default: '5' },
      context: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const loadAverage = loadavg()[0] ?? 0;
  try {
    const cluster = values.context === undefined ? await prepare() : contextCluster(values.context);
    const samples = await measureAll(cluster, { model: values.model, times: Number(values.times) });
    console.log(`\n${reportOf(samples, loadAverage)}`);
  } finally {
    if (values.context === undefined) await step('take the cluster away', () => removeOwnCluster(CLUSTER));
  }
}

await runFromCommandLine();
