import { attempt, CORES, type Bench } from '../bench.ts';
import { TWO_CORE_CELLS, type Cell } from '../cells.ts';
import type { Sample } from '../figures.ts';
import { startServer, type Server } from '../fleet.ts';
import { medians } from '../statistics.ts';
import { aim, loadFully, measureOnce } from './measure.ts';

const MEASURED = ['aimass', 'aimass-inline'];

/** Our server on both cores, which it shares with the load generator, beside two session loops on two cores. */
export async function measureTwoCores(bench: Bench): Promise<void> {
  const { kinds, figures, say } = bench;
  for (const kind of kinds.filter(({ name }) => MEASURED.includes(name) && figures.absent[name] === undefined)) {
    say(`two cores: ${kind.name}`);
    const server = await attempt(bench, { cell: 'two-cores', server: kind.name }, () =>
      startServer(bench, kind, { models: ['L', 'B'], cores: 2 }),
    );
    if (server === undefined) continue;
    await measureServer(bench, server);
    await server.running.end();
  }
}

async function measureServer(bench: Bench, server: Server): Promise<void> {
  const { name } = server.kind;
  for (const cell of TWO_CORE_CELLS) {
    const sample = await attempt(bench, { cell: `two-cores ${cell.id}`, server: name }, () =>
      measureRounds(bench, server, cell),
    );
    if (sample !== undefined) (bench.figures.twoCores[cell.id] ??= {})[name] = sample;
  }
}

async function measureRounds(bench: Bench, server: Server, cell: Cell): Promise<Sample> {
  const target = await aim(bench, server, cell);
  await loadFully(target, bench.seconds);
  const samples: Sample[] = [];
  while (samples.length < bench.rounds) samples.push(await measureOnce(target, bench.seconds, CORES.both));
  return medians(samples.map((sample) => ({ ...sample })));
}
