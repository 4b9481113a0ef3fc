import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundle } from '../../hack/bundle.ts';
import { onFreshCluster } from '../operator/measured-cluster.ts';
import type { Bench } from '../operator/services.ts';
import { measureCompression } from './compression.ts';
import { measureJobs } from './jobs.ts';
import { reportText, type TrainingFigures } from './report.ts';
import { measureSearch } from './search.ts';
import { measureStages } from './stages.ts';

const USAGE = `usage: npm run bench:training -- [--cells jobs,search,stages,compression] [--jobs 300] [--trials 200] [--nodes 20]
         [--context NAME] [--timeout-seconds 900] [--profile FOLDER]
Measures training. jobs and search (the default): on a control plane with simulated nodes. stages: with real pods, on a
cluster that is started for it (root), or that of a kube context that \`npm run quickstart -- training\` has set up. compression:
in the toolkit image, with no cluster. --profile writes a CPU profile of each of the operator's runs into a folder.`;

const CELLS = ['jobs', 'search', 'stages', 'compression'];

const { values: options } = parseArgs({
  options: {
    cells: { type: 'string', default: 'jobs,search' },
    jobs: { type: 'string', default: '300' },
    trials: { type: 'string', default: '200' },
    nodes: { type: 'string', default: '20' },
    'timeout-seconds': { type: 'string', default: '900' },
    context: { type: 'string' },
    profile: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const cells = new Set(options.cells.split(','));
if (options.help || [...cells].some((cell) => !CELLS.includes(cell))) {
  console.log(USAGE);
  process.exit(options.help ? 0 : 2);
}

const startedAt = performance.now();
const say = (text: string): void =>
  console.error(`${((performance.now() - startedAt) / 1000).toFixed(0).padStart(4)} s  ${text}`);

/** Runs a measurement on a fresh control plane. */
function onControlPlane<T>(measure: (bench: Omit<Bench, 'template'>) => Promise<T>): Promise<T> {
  say('control plane');
  return onFreshCluster(async (cluster, audit) => {
    const program = { file: join(await bundle('operator'), 'operator.mjs'), profileFolder: options.profile };
    const timeoutMs = Number(options['timeout-seconds']) * 1000;
    return measure({ cluster, audit, program, timeoutMs, idleSeconds: 0, say });
  });
}

const machine = { cores: availableParallelism(), loadAverage: loadavg()[0] ?? 0 };
const figures: TrainingFigures = { machine };
if (cells.has('jobs'))
  figures.jobs = await onControlPlane(async (bench) => {
    await bench.cluster.addNodes(Number(options.nodes));
    return measureJobs(bench, Number(options.jobs));
  });
if (cells.has('search')) figures.search = await onControlPlane((bench) => measureSearch(bench, Number(options.trials)));
if (cells.has('stages')) figures.stages = await measureStages({ context: options.context, rounds: 3 }, say);
if (cells.has('compression')) figures.compression = await measureCompression(say);
console.log(reportText(figures));
