import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  canUseKind,
  contextCluster,
  kindCluster,
  ownCluster,
  removeKindCluster,
  removeOwnCluster,
  type Cluster,
} from './install/clusters.ts';
import {
  SERVING_IMAGES,
  createNamespace,
  installChart,
  kubectl,
  provideImages,
  pushLibrary,
  withPortForward,
  type Images,
} from './install/product.ts';
import { step } from './install/progress.ts';
import { PROJECT, isInstalled, run } from './install/programs.ts';
import { showTraining, trainingLines } from './install/training-demo.ts';
import { waitUntilReady } from './install/watch.ts';

const NAMESPACE = 'aimass-demo';
const NAME = 'aimass';
const EXAMPLE = join(PROJECT, 'library', 'digits');

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    context: { type: 'string' },
    'operator-image': { type: 'string' },
    'runtime-image': { type: 'string' },
    'registry-image': { type: 'string' },
    local: { type: 'boolean', default: false },
  },
});

const useKind = (): boolean => !options.local && options.context === undefined && canUseKind();

async function openCluster(): Promise<Cluster> {
  if (options.context !== undefined) return contextCluster(options.context);
  if (useKind()) return step('start a kind cluster', (say) => kindCluster(NAME, say));
  return step('start a single-node cluster', (say) => ownCluster(NAME, say));
}

/** kubectl and helm always; everything else of Kubernetes when the cluster is to be our own. */
async function providePrograms(): Promise<void> {
  const build = join(PROJECT, 'hack', 'local-cluster', 'build.sh');
  const wanted =
    options.context !== undefined || useKind() ? ['kubectl', 'helm'].filter((name) => !isInstalled(name)) : ['cluster'];
  if (wanted.length === 0) return;
  await step('Kubernetes programs (built from source the first time: about 10 minutes on 2 cores)', (say) =>
    run(build, wanted, { onLine: say }),
  );
}

async function images(cluster: Cluster): Promise<Images> {
  const { 'operator-image': operator, 'runtime-image': runtime, 'registry-image': registry } = options;
  if (operator === undefined || runtime === undefined) {
    return step('build the images and load them', (say) => provideImages(cluster, SERVING_IMAGES, say));
  }
  return { operator, runtime, ...(registry !== undefined && { registry }) };
}

async function serveDigits(cluster: Cluster): Promise<void> {
  await createNamespace(cluster, NAMESPACE);
  for (const [kind, file, seconds] of [
    ['model', 'model.yaml', 180],
    ['inferenceservice', 'service.yaml', 180],
  ] as const) {
    await step(`kubectl apply -n ${NAMESPACE} -f library/digits/${file}, and wait until it is Ready`, async (say) => {
      await kubectl(cluster, ['apply', '-n', NAMESPACE, '-f', join(EXAMPLE, file)]);
      await waitUntilReady(cluster, { kind, name: 'digits', namespace: NAMESPACE, seconds }, say);
    });
  }
}

interface Tensor {
  name: string;
  data: number[];
}

async function askForDigit(cluster: Cluster): Promise<void> {
  const request = readFileSync(join(EXAMPLE, 'sample-request.json'), 'utf8');
  const pixels = (JSON.parse(request) as { inputs: Tensor[] }).inputs[0]?.data ?? [];
  const target = { namespace: NAMESPACE, service: 'digits', port: 80 };
  const { outputs, milliseconds } = await step('send a handwritten digit', () =>
    withPortForward(cluster, target, async (address) => {
      const started = performance.now();
      const response = await fetch(`http://${address}/v2/models/digits/infer`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: request,
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`the model answered ${response.status}: ${text}`);
      const answer = JSON.parse(text) as { outputs: Tensor[] };
      return { ...answer, milliseconds: performance.now() - started };
    }),
  );
  const probabilities = outputs.find(({ name }) => name === 'probabilities')?.data ?? [];
  const best = probabilities.indexOf(Math.max(...probabilities));
  console.log(`\n${drawDigit(pixels)}\n`);
  console.log(
    `  The model says: ${best}   (probability ${((probabilities[best] ?? 0) * 100).toFixed(1)} %, ${milliseconds.toFixed(0)} ms)\n`,
  );
}

/** An 8x8 grey image, two characters a pixel. */
function drawDigit(pixels: readonly number[]): string {
  const shades = ' .:-=+*#%@';
  const rows = Array.from({ length: 8 }, (_, row) => pixels.slice(row * 8, row * 8 + 8));
  return rows
    .map((row) => `      ${row.map((pixel) => (shades[Math.round(pixel * 9)] ?? ' ').repeat(2)).join('')}`)
    .join('\n');
}

function tellWhatIsNext(cluster: Cluster): void {
  console.log(`AI Mass runs in the ${cluster.description}. Try next:\n`);
  const lines = [
    ...cluster.exports,
    `kubectl get models,inferenceservices -n ${NAMESPACE}`,
    `kubectl get model digits -n ${NAMESPACE} -o yaml             # what was verified and measured`,
    `kubectl apply -n ${NAMESPACE} -f library/iris/model.yaml -f library/iris/service.yaml   # another model of the library`,
    `kubectl scale inferenceservice digits -n ${NAMESPACE} --replicas=2`,
    'kubectl explain inferenceservice.spec                        # every field is documented',
    ...(positionals[0] === 'training'
      ? trainingLines(NAMESPACE)
      : ['npm run quickstart -- training                               # train a model, too']),
    ...(options.context === undefined
      ? ['npm run quickstart -- down                                   # takes everything away']
      : []),
  ];
  console.log(lines.map((line) => `  ${line}`).join('\n'));
}

async function up(): Promise<void> {
  const started = Date.now();
  await providePrograms();
  const cluster = await openCluster();
  const provided = await images(cluster);
  await step('install the Helm chart', (say) => installChart(cluster, { images: provided }, say));
  await step('push the model library to the registry in the cluster', (say) => pushLibrary(cluster, say));
  await serveDigits(cluster);
  await askForDigit(cluster);
  if (positionals[0] === 'training') await showTraining(cluster, provided, NAMESPACE);
  tellWhatIsNext(cluster);
  console.log(`\nDone in ${Math.round((Date.now() - started) / 1000)} s.`);
}

async function down(): Promise<void> {
  if (useKind()) await step('remove the kind cluster', () => removeKindCluster(NAME));
  if (process.getuid?.() === 0) await step('remove the single-node cluster', () => removeOwnCluster(NAME));
}

try {
  await (positionals[0] === 'down' ? down() : up());
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
