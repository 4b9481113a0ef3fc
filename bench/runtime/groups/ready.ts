import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from '../bench.ts';
import { noteAbsent, startServer, type Server } from '../fleet.ts';
import { treeCpuMs, treeMemoryMiB } from '../process-tree.ts';
import { median } from '../statistics.ts';

const IDLE_MS = 3000;

/** Starts each server with S alone, in turns: time from start to ready, and memory then. */
export async function measureReady(bench: Bench): Promise<void> {
  const { figures, rounds, say } = bench;
  const taken = new Map<string, { readyMs: number; idleMiB: number }[]>();
  for (let round = 1; round <= rounds; round += 1) {
    say(`round ${round} of ${rounds}: time to ready with S`);
    const kinds = bench.kinds.filter(({ name, onlyCells }) => figures.absent[name] === undefined && !onlyCells);
    for (const kind of kinds) {
      try {
        const server = await startServer(bench, kind, { models: ['S'] });
        const all = taken.get(kind.name) ?? [];
        all.push({ readyMs: server.readyMs, idleMiB: treeMemoryMiB(server.running.pid) });
        taken.set(kind.name, all);
        await server.running.end();
      } catch (error) {
        noteAbsent(bench, kind, error);
      }
    }
  }
  for (const [name, all] of taken) {
    const readyMs = median(all.map((each) => each.readyMs));
    figures.servers[name] = { ...figures.servers[name], readyMs, idleMiB: median(all.map((each) => each.idleMiB)) };
  }
}

/** CPU that each server uses while nothing is asked of it. */
export async function measureIdle({ figures, say }: Bench, servers: readonly Server[]): Promise<void> {
  say('idle');
  const before = servers.map(({ running }) => treeCpuMs(running.pid));
  await sleep(IDLE_MS);
  for (const [index, { kind, running }] of servers.entries()) {
    const usedMs = treeCpuMs(running.pid) - (before[index] ?? 0);
    figures.servers[kind.name] = { ...figures.servers[kind.name], idlePercent: (usedMs / IDLE_MS) * 100 };
  }
}

/** Memory of each server as it is now, before or after the loads. */
export function noteMemory({ figures }: Bench, servers: readonly Server[], when: 'beforeMiB' | 'afterMiB'): void {
  for (const { kind, running } of servers.filter((server) => server.models.length > 1)) {
    figures.servers[kind.name] = { ...figures.servers[kind.name], [when]: treeMemoryMiB(running.pid) };
  }
}
