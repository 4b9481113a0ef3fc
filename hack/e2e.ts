import { spawn } from 'node:child_process';
import { mkdirSync, openSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { addFakeGpus, hostAddress, ownCluster, removeOwnCluster, type Cluster } from './install/clusters.ts';
import {
  FRAMEWORK_IMAGES,
  RELEASE_NAMESPACE,
  SERVING_IMAGES,
  TRAINING_IMAGES,
  installChart,
  kubectl,
  provideImages,
  pushLibrary,
  type Images,
} from './install/product.ts';
import { step } from './install/progress.ts';
import { pushMpi, pushTutorialData } from './install/tutorial-data.ts';
import { programEnvironment, run } from './install/programs.ts';
import { programFolder } from './local-cluster/processes.ts';

const USAGE = `npm run test:e2e [-- -- [--name NAME] [--keep] [--reuse] ARGUMENTS FOR JEST]
--name NAME  name of the cluster (default e2e); runs with different names do not meet
--keep       leave the cluster up afterwards
--reuse      take the cluster that an earlier --keep left, instead of a fresh one`;
const { keep, reuse, name: CLUSTER, forJest } = readArguments(process.argv.slice(2));
const LOGS = join(dirname(programFolder()), 'log', CLUSTER);

/** Several files test at a time, perhaps on two cores: with the requests of the chart their pods would wait for each other. */
const SMALL_REQUESTS = [
  'settings.verification.requests.cpu=100m',
  'settings.serving.requests.cpu=50m',
  'settings.training.requests.cpu=200m',
  'settings.training.stageRequests.cpu=100m',
];

/** Our own flags; everything else is for jest. */
function readArguments(args: readonly string[]) {
  if (args.includes('--help')) {
    console.log(USAGE);
    process.exit(0);
  }
  const at = args.indexOf('--name');
  const own = new Set(['--keep', '--reuse', '--name', ...(at < 0 ? [] : [args[at + 1]])]);
  return {
    keep: args.includes('--keep'),
    reuse: args.includes('--reuse'),
    name: (at < 0 ? undefined : args[at + 1]) ?? 'e2e',
    forJest: args.filter((argument) => !own.has(argument)),
  };
}

/** Keeps every status that the tests bring about, for the GitOps checks that run afterwards; gives what ends it. */
function recordStatuses(cluster: Cluster): () => void {
  const folder = process.env.AIMASS_STATUS_FOLDER;
  if (folder === undefined) return () => {};
  mkdirSync(folder, { recursive: true });
  const children = ['models', 'inferenceservices', 'trainingjobs'].map((plural) => {
    const file = openSync(join(folder, `${plural}.json`), 'w');
    const args = [...cluster.context.kubectl, 'get', `${plural}.aimass.dev`, '-A', '--watch', '-o', 'json'];
    return spawn('kubectl', args, { env: programEnvironment(cluster.env), stdio: ['ignore', file, 'inherit'] });
  });
  return () => children.forEach((child) => child.kill());
}

/** Runs the end-to-end tests against what was installed; jest's own output is the progress. */
async function runTests(cluster: Cluster, images: Images): Promise<void> {
  const env = {
    ...cluster.env,
    AIMASS_TESTS: 'e2e',
    AIMASS_E2E_CLUSTER: CLUSTER,
    AIMASS_E2E_HOST_ADDRESS: await hostAddress(CLUSTER),
    AIMASS_E2E_RELEASE_NAMESPACE: RELEASE_NAMESPACE,
    AIMASS_E2E_RUNTIME_IMAGE: images.runtime,
  };
  await run('jest', [...forJest, '--reporters', join(import.meta.dirname, 'live-reporter.ts')], {
    env: programEnvironment(env),
    passThrough: true,
  });
}

/** Keeps what explains a failure, before the cluster goes. */
async function keepEvidence(cluster: Cluster): Promise<void> {
  mkdirSync(LOGS, { recursive: true });
  const questions: Record<string, string[]> = {
    'objects.txt': ['get', 'all,models,inferenceservices,trainingjobs,pvc,configmaps,leases', '-A', '-o', 'wide'],
    'custom-resources.yaml': ['get', 'models,inferenceservices,trainingjobs', '-A', '-o', 'yaml'],
    'events.txt': ['get', 'events', '-A', '--sort-by=.metadata.creationTimestamp'],
    'pods.txt': ['describe', 'pods', '-A'],
    'operator.log': [
      'logs',
      'deployment/aimass-operator',
      '-n',
      RELEASE_NAMESPACE,
      '--all-pods',
      '--prefix',
      '--tail=-1',
    ],
  };
  for (const [file, question] of Object.entries(questions)) {
    writeFileSync(join(LOGS, file), await kubectl(cluster, question).catch(String));
  }
  console.error(`What the cluster looked like at the end: ${LOGS}`);
}

/** The images that the chosen tests use: those of the frameworks are large. */
const names = [...SERVING_IMAGES, ...TRAINING_IMAGES, ...(uses('framework', forJest) ? FRAMEWORK_IMAGES : [])];

/** Whether the specs with this word in their name are among the chosen ones. */
function uses(word: string, args: readonly string[]): boolean {
  const specs = args.filter((argument) => argument.includes('.e2e.ts') || argument.startsWith('e2e'));
  return specs.length === 0 || specs.some((spec) => spec.includes(word));
}

async function main(): Promise<void> {
  if (!reuse) await removeOwnCluster(CLUSTER);
  const cluster = await step('start a cluster', (say) => ownCluster(CLUSTER, say, ['--audit']));
  try {
    // The scheduler and the operator cannot tell them from real ones.
    await addFakeGpus(CLUSTER, 2);
    const images = await step('build the images and load them', (say) => provideImages(cluster, names, say));
    // The tests' own web server has a private address, as all of this cluster has.
    const allowedPrivateHosts = [await hostAddress(CLUSTER)];
    await step('install the Helm chart', (say) =>
      installChart(cluster, { images, allowedPrivateHosts, values: SMALL_REQUESTS }, say),
    );
    await step('push the model library', (say) => pushLibrary(cluster, say));
    await step('push the data of the tutorials', (say) => pushTutorialData(cluster, say));
    if (uses('mpi', forJest)) await step('push Open MPI and MPICH', () => pushMpi(cluster));
    const stopRecording = recordStatuses(cluster);
    await runTests(cluster, images).finally(stopRecording);
  } catch (error) {
    await keepEvidence(cluster);
    throw error;
  }
}

async function takeAway(): Promise<void> {
  if (keep) console.log(`the cluster stays: hack/local-cluster/cluster.sh down --name ${CLUSTER}`);
  else await step('take the cluster away', () => removeOwnCluster(CLUSTER));
}

// Interrupted: the tests lose their cluster, and the machine is as it was.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void takeAway().finally(() => process.exit(130)));
}
try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message.split('\n')[0] : error);
  process.exitCode = 1;
} finally {
  await takeAway();
}
