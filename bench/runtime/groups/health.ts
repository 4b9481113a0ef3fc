import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { attempt, type Bench } from '../bench.ts';
import type { Cell } from '../cells.ts';
import type { Server } from '../fleet.ts';
import { quantile } from '../statistics.ts';
import { aim, loadFully, type Target } from './measure.ts';

const POLL_MS = 5;
const SECONDS = 4;

/** The first way to run L that the server answers correctly. */
async function aimAtLarge(bench: Bench, server: Server): Promise<Target | undefined> {
  for (const transport of ['binary', 'grpc', 'json'] as const) {
    const cell: Cell = { id: `L-${transport}-c2`, model: 'L', transport, connections: 2 };
    if (!server.kind.transports.includes(transport)) continue;
    const target = await aim(bench, server, cell).catch(() => undefined);
    if (target !== undefined) return target;
  }
  return undefined;
}

/** Asks for the live probe again and again until told to stop; milliseconds of each answer. */
async function probe(url: string, isDone: () => boolean): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const times: number[] = [];
  while (!isDone()) {
    const startedAt = performance.now();
    await new Promise((resolve, reject) => {
      get(url, { agent, timeout: 10_000 }, (response) => response.resume().on('end', resolve)).on('error', reject);
    });
    times.push(performance.now() - startedAt);
    await sleep(POLL_MS);
  }
  agent.destroy();
  return times;
}

/** Milliseconds of the live probe's answers while the target is loaded. */
async function probeUnderLoad(target: Target): Promise<number[]> {
  const { ports, kind } = target.server;
  let isDone = false;
  const load = loadFully(target, SECONDS).finally(() => (isDone = true));
  const [times] = await Promise.all([
    probe(`http://127.0.0.1:${ports.http}${kind.livePath ?? ''}`, () => isDone),
    load,
  ]);
  return times;
}

/** The live probe of each server while L runs on it without pause. */
export async function measureHealth(bench: Bench, servers: readonly Server[]): Promise<void> {
  for (const server of servers.filter(({ models, kind }) => models.includes('L') && kind.livePath !== undefined)) {
    const target = await aimAtLarge(bench, server);
    if (target === undefined) continue;
    bench.say(`health: ${server.kind.name}`);
    const times = await attempt(bench, { cell: 'health', server: server.kind.name }, () => probeUnderLoad(target));
    if (times === undefined) continue;
    bench.figures.servers[server.kind.name] = {
      ...bench.figures.servers[server.kind.name],
      healthP50Ms: quantile(times, 0.5),
      healthP99Ms: quantile(times, 0.99),
    };
  }
}
