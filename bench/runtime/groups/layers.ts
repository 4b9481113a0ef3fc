import { attempt, type Bench } from '../bench.ts';
import { CELLS } from '../cells.ts';
import type { Server } from '../fleet.ts';
import { gaugeByModel, meansBetween } from '../metrics-text.ts';
import { aim, measureOnce } from './measure.ts';

const LAYERED = ['S-json-c1', 'S-json-c64', 'S-grpc-c64', 'L-json-c1', 'L-grpc-c1'];

const readMetrics = async ({ ports }: Server): Promise<string> =>
  (await fetch(`http://127.0.0.1:${ports.metrics}/metrics`)).text();

/** Mean time of each layer of our server, as its own histograms tell, beside the whole as the client sees it. */
export async function measureLayers(bench: Bench, servers: readonly Server[]): Promise<void> {
  const server = servers.find(({ kind }) => kind.name === 'aimass');
  if (server === undefined) return;
  for (const cell of CELLS.filter(({ id }) => LAYERED.includes(id))) {
    bench.say(`layers: ${cell.id}`);
    await attempt(bench, { cell: `layers of ${cell.id}`, server: 'aimass' }, async () => {
      const target = await aim(bench, server, cell);
      const before = await readMetrics(server);
      const { p50Ms } = await measureOnce(target, bench.seconds);
      const layers = meansBetween(before, await readMetrics(server));
      bench.figures.layers.push({ cell: cell.id, layers: { 'client p50': p50Ms, ...layers } });
    });
  }
}

/** Memory of each model, as our server tells it: of the process that holds it, when it has one of its own. */
export async function noteModelMemory(bench: Bench, servers: readonly Server[]): Promise<void> {
  const server = servers.find(({ kind }) => kind.name === 'aimass');
  if (server === undefined) return;
  const bytes = await attempt(bench, { cell: 'memory by model', server: 'aimass' }, async () =>
    gaugeByModel(await readMetrics(server), 'aimass_model_memory_bytes'),
  );
  for (const [model, value] of Object.entries(bytes ?? {})) bench.figures.modelMiB[model] = value / 1024 ** 2;
}
