import { attempt, type Bench } from '../bench.ts';
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
      const names = { cell: cell.id, server: server.kind.name };
      const target = await attempt(bench, names, () => aim(bench, server, cell));
      if (target !== undefined) targets.push(target);
    }
  }
  return targets;
}

/** Keeps the middle of what was measured so far. */
function noteMiddle({ figures }: Bench, { cell, server }: Target, taken: readonly Sample[]): void {
  if (taken.length === 0) return;
  (figures.cells[cell.id] ??= {})[server.kind.name] = medians(taken.map((sample) => ({ ...sample })));
}

/** Measures all cells on all servers: round after round, so that a change of the machine meets all of them. */
export async function measureCells(bench: Bench, servers: readonly Server[]): Promise<void> {
  let targets = await aimAll(bench, servers);
  const samples = new Map<Target, Sample[]>();
  for (let round = 1; round <= bench.rounds; round += 1) {
    await measureLoops(bench, round);
    const lost = new Set<Target>();
    for (const [index, target] of targets.entries()) {
      const { cell, server } = target;
      if (targets[index - 1]?.cell !== cell) bench.say(`round ${round} of ${bench.rounds}: ${cell.id}`);
      const taken = samples.get(target) ?? [];
      samples.set(target, taken);
      const warmSeconds = round === 1 && bench.rounds > 1 ? FIRST_WARM_SECONDS : WARM_SECONDS;
      const sample = await attempt(bench, { cell: cell.id, server: server.kind.name }, async () => {
        await loadFully(target, warmSeconds);
        return measureOnce(target, bench.seconds);
      });
      if (sample === undefined) lost.add(target);
      else taken.push(sample);
      noteMiddle(bench, target, taken);
    }
    targets = targets.filter((target) => !lost.has(target));
  }
}
