import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { contextCluster, ownCluster, removeOwnCluster, type Cluster } from '../../hack/install/clusters.ts';
import {
  SERVING_IMAGES,
  TRAINING_IMAGES,
  createNamespace,
  installChart,
  kubectl,
  provideImages,
} from '../../hack/install/product.ts';
import { PROJECT } from '../../hack/install/programs.ts';
import { pushTutorialData } from '../../hack/install/tutorial-data.ts';
import { median } from '../operator/floor.ts';
import { between, followPods, podsOf, runSeconds, type Pod } from './pods.ts';

/** Seconds beside those that the containers themselves took. */
interface Share {
  platformSeconds: number;
  containerSeconds: number;
}

/** Seconds with real pods. Kubernetes tells the times of containers in whole seconds, so each figure is off by up to one. */
export interface StageFigures {
  /** Of the first tutorial. */
  stages: ({ name: string } & Share)[];
  /** Of the tutorial that searches: the time for which a place was taken, and what its container took of it. */
  trial: Share & { count: number; seen: number };
  /** A Job of one pod of the same image that does nothing, beside its container's own time. */
  bareSeconds: number;
  /** From TrainingJob applied to the first answer of the served model. */
  firstAnswers: { name: string; seconds: number }[];
}

interface Place {
  cluster: Cluster;
  namespace: string;
}

interface Recipe {
  name: string;
  manifests: string;
  path: string;
  question: object;
}

const TUTORIALS = join(PROJECT, 'docs', 'tutorials', 'training');
const IRIS = { sepal_length: [5.1], sepal_width: [3.5], petal_length: [1.4], petal_width: [0.2] };
const CHURN = { age: [40], months: [70], fee: [20], plan: ['pro'], region: ['east'] };
const DIGIT = { name: 'pixel_values', datatype: 'FP32', shape: [1, 1, 8, 8], data: Array<number>(64).fill(0) };

const tutorial = (name: string): string => readFileSync(join(TUTORIALS, name, 'job.yaml'), 'utf8');

/** A service of the Model of the same name. */
const serviceOf = (name: string): string =>
  JSON.stringify({
    apiVersion: 'aimass.dev/v1alpha1',
    kind: 'InferenceService',
    metadata: { name },
    spec: { model: { name } },
  });

const iris = JSON.stringify({
  apiVersion: 'aimass.dev/v1alpha1',
  kind: 'TrainingJob',
  metadata: { name: 'iris' },
  spec: {
    recipe: { name: 'tabular-classification' },
    data: [{ name: 'train', uri: 'oci://aimass-registry.aimass-system.svc:5000/data/iris:1' }],
    prepare: { target: 'species' },
    publish: { model: { name: 'iris' } },
  },
});

/** The first object of the tutorial on images. */
const digits = String(parseAllDocuments(tutorial('fine-tune'))[0]);

const RECIPES: readonly Recipe[] = [
  { name: 'churn', manifests: tutorial('recipe'), path: 'models/churn', question: { inputs: { data: CHURN } } },
  {
    name: 'iris',
    manifests: `${iris}\n---\n${serviceOf('iris')}`,
    path: 'models/iris',
    question: { inputs: { data: IRIS } },
  },
  {
    name: 'digits-base',
    manifests: `${digits}\n---\n${serviceOf('digits-base')}`,
    path: 'v2/models/digits-base/infer',
    question: { inputs: [DIGIT] },
  },
];

const span = z.object({ startedAt: z.string(), finishedAt: z.string() });
const trained = z.object({
  status: z.object({
    stages: z.array(span.extend({ name: z.string() })),
    trials: z.object({ total: z.number() }).optional(),
  }),
});

async function statusOf({ cluster, namespace }: Place, name: string) {
  const text = await kubectl(cluster, ['get', 'trainingjob', name, '-n', namespace, '-o', 'json']);
  return trained.parse(JSON.parse(text)).status;
}

const untilReady = ({ cluster, namespace }: Place, object: string): Promise<string> =>
  kubectl(cluster, ['wait', '-n', namespace, object, '--for=condition=Ready', '--timeout=600s']);

async function measureBare({ cluster, namespace }: Place, image: string): Promise<number> {
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
  return seconds - runSeconds(pod);
}

async function measureFirstAnswer(place: Place, { name, manifests, path, question }: Recipe): Promise<number> {
  const { cluster, namespace } = place;
  const startedAt = performance.now();
  await kubectl(cluster, ['apply', '-n', namespace, '-f', '-'], manifests);
  for (const kind of ['trainingjob', 'inferenceservice']) await untilReady(place, `${kind}/${name}`);
  await ask(place, `/api/v1/namespaces/${namespace}/services/${name}:80/proxy/${path}`, question);
  return (performance.now() - startedAt) / 1000;
}

/** Asks through the API server's proxy, whose endpoints may be a moment behind a Ready service. */
async function ask({ cluster }: Place, path: string, question: object): Promise<void> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    try {
      await kubectl(cluster, ['create', '--raw', path, '-f', '-'], JSON.stringify(question));
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(50);
    }
  }
}

const searchSpec = z.object({ spec: z.object({ search: z.object({ parallelTrials: z.number() }) }) });

/** Trials take places; beside their containers' time, places are taken by what starts and ends them. */
async function measureTrial(place: Place): Promise<StageFigures['trial']> {
  const { cluster, namespace } = place;
  const manifest = tutorial('search');
  const { parallelTrials } = searchSpec.parse(parseAllDocuments(manifest)[0]?.toJS()).spec.search;
  const selector = 'aimass.dev/training-job=iris-search,aimass.dev/trial';
  const pods = followPods(cluster, namespace, selector);
  try {
    await kubectl(cluster, ['apply', '-n', namespace, '-f', '-'], manifest);
    await untilReady(place, 'trainingjob/iris-search');
  } finally {
    pods.stop();
  }
  const seconds = pods.stop();
  const { stages, trials } = await statusOf(place, 'iris-search');
  const train = stages.find(({ name }) => name === 'train');
  if (train === undefined || trials === undefined || seconds.length === 0)
    throw new Error('no trial of iris-search was seen to end');
  // A pod may be gone before it was seen to have ended: what is known of the others stands for it.
  const containerSeconds = seconds.reduce((sum, one) => sum + one, 0) / seconds.length;
  const platformSeconds = (between(train) * parallelTrials) / trials.total - containerSeconds;
  return { containerSeconds, platformSeconds, count: trials.total, seen: seconds.length };
}

const isOf = (stage: string) => (pod: Pod) => pod.metadata.labels['aimass.dev/stage'] === stage;

async function measureOnce(place: Place): Promise<StageFigures> {
  const { cluster, namespace } = place;
  await createNamespace(cluster, namespace);
  try {
    const firstAnswers: StageFigures['firstAnswers'] = [];
    for (const recipe of RECIPES)
      firstAnswers.push({ name: recipe.name, seconds: await measureFirstAnswer(place, recipe) });
    const pods = await podsOf(cluster, namespace, 'aimass.dev/training-job=churn');
    const stages = (await statusOf(place, 'churn')).stages.map((stage) => {
      const containerSeconds = runSeconds(pods.find(isOf(stage.name)));
      return { name: stage.name, containerSeconds, platformSeconds: between(stage) - containerSeconds };
    });
    const image = pods.find(isOf('train'))?.spec.containers[0]?.image ?? '';
    return { stages, firstAnswers, bareSeconds: await measureBare(place, image), trial: await measureTrial(place) };
  } finally {
    await kubectl(cluster, ['delete', 'namespace', namespace]);
  }
}

const CLUSTER = 'bench';

/** A cluster with AI Mass, training and the data of the tutorials. */
async function prepare(say: Say): Promise<Cluster> {
  const cluster = await ownCluster(CLUSTER, say);
  const images = await provideImages(cluster, [...SERVING_IMAGES, ...TRAINING_IMAGES], say);
  await installChart(cluster, { images }, say);
  await pushTutorialData(cluster, say);
  return cluster;
}

type Say = (text: string) => void;

/** The medians of some rounds: on the cluster of a kube context that has all of this, or on one of its own. */
export async function measureStages(
  { context, rounds }: { context: string | undefined; rounds: number },
  say: Say,
): Promise<StageFigures> {
  try {
    say('stages: the cluster');
    const cluster = context === undefined ? await prepare(say) : contextCluster(context);
    const figures: StageFigures[] = [];
    for (let round = 0; round < rounds; round += 1) {
      say(`stages: round ${round + 1} of ${rounds}`);
      figures.push(await measureOnce({ cluster, namespace: `bench-training-${round}` }));
    }
    return mediansOf(figures);
  } finally {
    if (context === undefined) await removeOwnCluster(CLUSTER);
  }
}

/** The middle of each figure. */
export function mediansOf(rounds: readonly StageFigures[]): StageFigures {
  const middle = (pick: (one: StageFigures) => number | undefined): number =>
    median(rounds.flatMap((one) => pick(one) ?? []));
  const shareOf = (pick: (one: StageFigures) => Share | undefined): Share => ({
    platformSeconds: middle((one) => pick(one)?.platformSeconds),
    containerSeconds: middle((one) => pick(one)?.containerSeconds),
  });
  const [first] = rounds;
  return {
    stages: (first?.stages ?? []).map(({ name }) => ({
      name,
      ...shareOf(({ stages }) => stages.find((stage) => stage.name === name)),
    })),
    trial: {
      ...shareOf(({ trial }) => trial),
      count: middle(({ trial }) => trial.count),
      seen: middle(({ trial }) => trial.seen),
    },
    bareSeconds: middle(({ bareSeconds }) => bareSeconds),
    firstAnswers: (first?.firstAnswers ?? []).map(({ name }) => ({
      name,
      seconds: middle(({ firstAnswers }) => firstAnswers.find((one) => one.name === name)?.seconds),
    })),
  };
}
