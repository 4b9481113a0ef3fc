import { attempt, type Bench } from '../bench.ts';
import { CELLS } from '../cells.ts';
import type { Server } from '../fleet.ts';
import { aim, loadFully, loadSteadily } from './measure.ts';

const SHARES = [0.5, 0.9];
const SATURATED = ['S-json-c64', 'S-grpc-c64', 'M-grpc-c64'];

/** Latency of our server at half and at nine tenths of the most that it can do, with requests at a steady rate. */
export async function measureSaturation(bench: Bench, servers: readonly Server[]): Promise<void> {
  const server = servers.find(({ kind }) => kind.name === 'aimass');
  if (server === undefined) return;
  for (const cell of CELLS.filter(({ id }) => SATURATED.includes(id))) {
    bench.say(`saturation: ${cell.id}`);
    await attempt(bench, { cell: `saturation of ${cell.id}`, server: 'aimass' }, async () => {
      const target = await aim(bench, server, cell);
      await loadFully(target, bench.seconds);
      const { requests, seconds } = await loadFully(target, bench.seconds);
      for (const share of SHARES) {
        const steady = await loadSteadily(target, bench.seconds, (share * requests) / seconds);
        bench.figures.saturation.push({ cell: cell.id, share, ...steady });
      }
    });
  }
}
