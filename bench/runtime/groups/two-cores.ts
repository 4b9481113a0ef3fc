import { attempt, CORES, type Bench } from '../bench.ts';
import { TWO_CORE_CELLS } from '../cells.ts';
import type { Sample } from '../figures.ts';
import { startServer, type Server } from '../fleet.ts';
import { medians } from '../statistics.ts';
import { aim, loadFully, measureOnce } from './measure.ts';

const MEASURED = ['aimass', 'aimass-inline'];

/** Our server on both cores, which it shares with the load generator, beside two session loops on two cores. */
export async function measureTwoCores(bench: Bench): Promise<void> {
  const { kinds, figures, rounds, say } = bench;
  for (const kind of kinds.filter(({ name }) => MEASURED.includes(name) && figures.absent[name] === undefined)) {
    say(`two cores: ${kind.name}`);
    await attempt(bench, { cell: 'two-cores', server: kind.name }, async () => {
      const server = await startServer(bench, kind, { models: ['L', 'B'], cores: 2 });
      for (const cell of TWO_CORE_CELLS) {
        (figures.twoCores[cell.id] ??= {})[kind.name] = await measureRounds(bench, server, { cell, rounds });
      }
      await server.running.end();
    });
  }
}

async function measureRounds(
  bench: Bench,
  server: Server,
  { cell, rounds }: { cell: (typeof TWO_CORE_CELLS)[number]; rounds: number },
): Promise<Sample> {
  const target = await aim(bench, server, cell);
  await loadFully(target, bench.seconds);
  const samples: Sample[] = [];
  while (samples.length < rounds) samples.push(await measureOnce(target, bench.seconds, CORES.both));
  return medians(samples.map((sample) => ({ ...sample })));
}
