import { join } from 'node:path';
import { CORES, type Bench } from '../bench.ts';
import type { ModelName } from '../cells.ts';
import type { LoopFigures } from '../figures.ts';
import { runProgram } from '../processes.ts';
import { medians } from '../statistics.ts';

const taken = new Map<ModelName, LoopFigures[]>();

/** One raw session loop on a core. */
async function loop({ setFolder, seconds }: Bench, model: ModelName, core: string) {
  const output = await runProgram({
    argv: [
      'taskset',
      '-c',
      core,
      process.execPath,
      join(import.meta.dirname, '..', 'limits', 'raw-loop.ts'),
      join(setFolder, 'models', model, '1', 'model.onnx'),
      join(setFolder, 'examples', `${model}.json`),
      String(Math.max(1, seconds - 0.5)),
    ],
  });
  return JSON.parse(output) as { perSecond: number; p50Ms: number; cpuMs: number };
}

/** Measures what the engine alone can do with each model: on one core, and on two at once. */
export async function measureLoops(bench: Bench, round: number): Promise<void> {
  const { selection, figures, say } = bench;
  const models = new Set(selection.cells.map(({ model }) => model));
  const onTwoCores = new Set<ModelName>(selection.extras.has('two-cores') ? ['L', 'B'] : []);
  say(`round ${round} of ${bench.rounds}: raw session loops`);
  for (const model of new Set([...models, ...onTwoCores])) {
    const one = await loop(bench, model, CORES.server);
    const two = onTwoCores.has(model)
      ? await Promise.all([loop(bench, model, CORES.server), loop(bench, model, CORES.load)])
      : [];
    const twoCoresPerSecond = two.reduce((sum, { perSecond }) => sum + perSecond, 0);
    const all = [...(taken.get(model) ?? []), { ...one, twoCoresPerSecond }];
    taken.set(model, all);
    figures.loops[model] = medians(all.map((each) => ({ ...each })));
  }
}
