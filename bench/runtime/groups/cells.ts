import type { Bench } from '../bench.ts';
import type { Cell } from '../cells.ts';
import type { Sample } from '../figures.ts';
import type { Server } from '../fleet.ts';
import { medians } from '../statistics.ts';
import { measureLoops } from './loops.ts';
import { aim, loadFully, measureOnce, type Target } from './measure.ts';

const WARM_SECONDS = 0.3;
const FIRST_WARM_SECONDS = 1;

const takesPart = ({ kind, models }: Server, cell: Cell): boolean =>
  kind.transports.includes(cell.transport) &&
  models.includes(cell.model) &&
  (kind.onlyCells?.includes(cell.id) ?? true);

/** Checks one answer of each cell on each server; what answers wrongly is told about and left out. */
async function aimAll(bench: Bench, servers: readonly Server[]): Promise<Target[]> {
  const targets: Target[] = [];
  for (const cell of bench.selection.cells) {
    for (const server of servers.filter((candidate) => takesPart(candidate, cell))) {
      try {
        targets.push(await aim(bench, server, cell));
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        (bench.figures.refusals[cell.id] ??= {})[server.kind.name] = text;
        bench.say(`${cell.id} on ${server.kind.name} is left out: ${text}`);
      }
    }
  }
  return targets;
}

/** Measures all cells on all servers: round after round, so that a change of the machine meets all of them. */
export async function measureCells(bench: Bench, servers: readonly Server[]): Promise<void> {
  const targets = await aimAll(bench, servers);
  const samples = new Map<Target, Sample[]>();
  for (let round = 1; round <= bench.rounds; round += 1) {
    await measureLoops(bench, round);
    for (const [index, target] of targets.entries()) {
      const { cell, server } = target;
      if (targets[index - 1]?.cell !== cell) bench.say(`round ${round} of ${bench.rounds}: ${cell.id}`);
      const isFirst = round === 1 && bench.rounds > 1;
      await loadFully(target, isFirst ? FIRST_WARM_SECONDS : WARM_SECONDS);
      const taken = samples.get(target) ?? [];
      taken.push(await measureOnce(target, cell.connections === 1 ? bench.seconds + 1 : bench.seconds));
      samples.set(target, taken);
      (bench.figures.cells[cell.id] ??= {})[server.kind.name] = medians(taken.map((sample) => ({ ...sample })));
    }
  }
}
