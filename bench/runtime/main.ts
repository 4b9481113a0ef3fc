import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { attempt, CORES, type Bench } from './bench.ts';
import { EXTRAS } from './cells.ts';
import type { Figures } from './figures.ts';
import { startFleet, type Server } from './fleet.ts';
import { measureCells } from './groups/cells.ts';
import { measureDependencies } from './groups/dependencies.ts';
import { measureHealth } from './groups/health.ts';
import { measureLayers, noteModelMemory } from './groups/layers.ts';
import { measurePool } from './groups/pool.ts';
import { measureIdle, measureReady, noteMemory } from './groups/ready.ts';
import { measureSaturation } from './groups/saturation.ts';
import { measureTwoCores } from './groups/two-cores.ts';
import { readOptions, USAGE, type Options } from './options.ts';
import { killStarted, runProgram } from './processes.ts';
import { reportText } from './report/report.ts';
import { ENVIRONMENTS } from './servers/python-peer.ts';
import { ensureEnvironment } from './setup/environments.ts';
import { ensureModels } from './setup/models.ts';
import { chooseKinds, findProgram, installPeers } from './setup/setup.ts';
import { ensureTools } from './setup/tools.ts';

const startedAt = performance.now();
const say = (text: string): void =>
  console.error(`${((performance.now() - startedAt) / 1000).toFixed(0).padStart(4)} s  ${text}`);

const emptyFigures = ({ seconds, rounds, selection }: Options, program: string): Figures => ({
  machine: {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model ?? 'unknown',
    loadAverage: loadavg()[0] ?? 0,
    node: process.versions.node,
  },
  options: { seconds, rounds },
  program,
  cells: {},
  refusals: {},
  loops: {},
  twoCores: {},
  servers: {},
  modelMiB: {},
  absent: {},
  saturation: [],
  layers: [],
  skipped: EXTRAS.filter((extra) => !selection.extras.has(extra)),
});

async function prepare(options: Options, runFolder: string): Promise<Bench> {
  await ensureTools(say);
  await ensureEnvironment(ENVIRONMENTS.tools, say);
  const setFolder = await ensureModels(say);
  const program = await findProgram(options.runtime, say);
  const kinds = chooseKinds(program, options.servers);
  const figures = emptyFigures(options, program);
  // In this order they are reported.
  for (const { name } of kinds) figures.servers[name] = {};
  figures.absent = await installPeers(kinds, say);
  const { seconds, rounds, selection } = options;
  return { setFolder, runFolder, seconds, rounds, selection, kinds, figures, say };
}

/** What needs all servers with all models up at the same time. */
async function measureFleet(bench: Bench, servers: readonly Server[]): Promise<void> {
  const { extras } = bench.selection;
  const has = (name: Parameters<typeof extras.has>[0]) => extras.has(name);
  if (has('memory')) {
    noteMemory(bench, servers, 'beforeMiB');
    await measureIdle(bench, servers);
  }
  await measureCells(bench, servers);
  if (has('memory')) {
    noteMemory(bench, servers, 'afterMiB');
    await noteModelMemory(bench, servers);
  }
  if (has('health')) await measureHealth(bench, servers);
  if (has('saturation')) await measureSaturation(bench, servers);
  if (has('layers')) await measureLayers(bench, servers);
}

async function measure(bench: Bench): Promise<void> {
  const { extras } = bench.selection;
  // Core 0 belongs to the servers; what they are started with moves them there.
  await runProgram({ argv: ['taskset', '-a', '-p', '-c', CORES.load, String(process.pid)] });
  if (extras.has('dependencies')) measureDependencies(bench);
  if (extras.has('ready')) await measureReady(bench);
  bench.say('start all servers');
  const servers = await startFleet(bench);
  await measureFleet(bench, servers);
  await Promise.all(servers.map(({ running }) => running.end()));
  if (extras.has('two-cores')) await measureTwoCores(bench);
  if (extras.has('pool')) await attempt(bench, { cell: 'pool', server: 'aimass' }, () => measurePool(bench));
}

/** Prints the report of what was measured so far, and writes the files that were asked for. */
function publish({ json, out }: Options, { figures, kinds }: Bench): void {
  const report = reportText(figures, kinds);
  if (json !== undefined) writeFileSync(json, JSON.stringify(figures, undefined, 2));
  if (out !== undefined) writeFileSync(out, report);
  console.log(report);
}

async function runFromCommandLine(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) {
    console.log(USAGE);
    return;
  }
  const runFolder = mkdtempSync(join(tmpdir(), 'aimass-bench-'));
  process.on('exit', () => {
    killStarted();
    rmSync(runFolder, { recursive: true, force: true });
  });
  let bench: Bench | undefined;
  const stop = (): void => {
    if (bench !== undefined) publish(options, bench);
    process.exit(130);
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  bench = await prepare(options, runFolder);
  await measure(bench);
  publish(options, bench);
  say('done');
}

await runFromCommandLine().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
