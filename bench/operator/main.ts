import { writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundle } from '../../hack/bundle.ts';
import type { AuditLog } from './audit-log.ts';
import type { BenchCluster } from './cluster.ts';
import { measureFloor, measureFloorSingle } from './floor.ts';
import { onFreshCluster } from './measured-cluster.ts';
import { startOperator, type Program } from './operator-process.ts';
import { reportText, type Figures, type SizeFigures } from './report.ts';
import { measureLibrary, measureServices, measureSingle, type Bench } from './services.ts';
import { learnChildren, learnVerifiedStatus, removeTemplate, type Template } from './template.ts';

const USAGE = `usage: npm run bench:operator -- [--sizes 100,300,1000] [--models 10000] [--nodes 20] [--idle-seconds 60]
         [--timeout-seconds 600] [--operator FILE] [--profile FOLDER] [--json FILE]
Measures the operator on a real control plane with simulated nodes. --models 0 leaves the large library out.
--operator runs another program than the one that is built from the source now. --profile writes a CPU profile of each of its
runs; figures of time and CPU are worse with it.`;

const SINGLES = 5;
/** Services of one Model, except at the first size, which is measured with a Model each as well. */
const PER_MODEL = 10;

function readArguments() {
  const { values } = parseArgs({
    options: {
      sizes: { type: 'string', default: '100,300,1000' },
      models: { type: 'string', default: '10000' },
      nodes: { type: 'string', default: '20' },
      'idle-seconds': { type: 'string', default: '60' },
      'timeout-seconds': { type: 'string', default: '600' },
      operator: { type: 'string' },
      profile: { type: 'string' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const sizes = values.sizes.split(',').filter((size) => size !== '');
  const numbers = [...sizes, values.models, values.nodes, values['idle-seconds'], values['timeout-seconds']].map(
    Number,
  );
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  if (numbers.some((value) => !Number.isInteger(value) || value < 0)) throw new Error(USAGE);
  return { ...values, sizes: sizes.map(Number) };
}

const startedAt = performance.now();
const say = (text: string): void =>
  console.error(`${((performance.now() - startedAt) / 1000).toFixed(0).padStart(4)} s  ${text}`);

async function learnTemplate(
  cluster: BenchCluster,
  audit: AuditLog,
  from: { program: Program; nodes: number },
): Promise<Template> {
  const operator = await startOperator(cluster, audit, from.program);
  try {
    say('template: verify one Model');
    const verifiedStatus = await learnVerifiedStatus(cluster.api);
    await cluster.addNodes(from.nodes);
    say('template: serve it');
    const children = await learnChildren(cluster.api);
    await removeTemplate(cluster.api);
    return { verifiedStatus, children };
  } finally {
    await operator.stop();
  }
}

const machine = { cores: availableParallelism(), loadAverage: loadavg()[0] ?? 0 };

async function measure(
  bench: Bench,
  { sizes, models }: { sizes: readonly number[]; models: number },
): Promise<Figures> {
  const { cluster, template, timeoutMs } = bench;
  say('one object on an idle cluster');
  const floorSeconds = await measureFloorSingle(cluster, template.children, SINGLES);
  const single = { floorSeconds, seconds: await measureSingle(bench, SINGLES) };
  const measured: SizeFigures[] = [];
  for (const [index, count] of sizes.entries()) {
    say(`${count} services: floor`);
    const floor = await measureFloor(cluster, { children: template.children, count, timeoutMs });
    for (const perModel of index === 0 ? [1, PER_MODEL] : [PER_MODEL]) {
      measured.push({ count, perModel, floor, services: await measureServices(bench, { count, perModel }) });
    }
  }
  const library = models > 0 ? { count: models, ...(await measureLibrary(bench, models)) } : undefined;
  return { machine, childCount: template.children.length, single, sizes: measured, ...(library && { library }) };
}

async function runFromCommandLine(): Promise<void> {
  const options = readArguments();
  say('control plane');
  await onFreshCluster(async (cluster, audit) => {
    // What the image holds: one file, which starts faster and takes less memory than the source.
    const file = options.operator ?? join(await bundle('operator'), 'operator.mjs');
    const program: Program = { file, profileFolder: options.profile };
    const template = await learnTemplate(cluster, audit, { program, nodes: Number(options.nodes) });
    const timeoutMs = Number(options['timeout-seconds']) * 1000;
    const idleSeconds = Number(options['idle-seconds']);
    const bench: Bench = { cluster, audit, template, program, timeoutMs, idleSeconds, say };
    const figures = await measure(bench, { sizes: options.sizes, models: Number(options.models) });
    if (options.json !== undefined) writeFileSync(options.json, JSON.stringify(figures, undefined, 2));
    console.log(reportText(figures));
  });
}

await runFromCommandLine().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
