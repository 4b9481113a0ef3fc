import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { FolderServer } from '../runtime/testdata/folder-server.ts';
import { serveFolder } from '../runtime/testdata/folder-server.ts';
import type { TestFolder } from '../runtime/testdata/model-folder.ts';
import { addModel, heavyModel, makeTestFolder } from '../runtime/testdata/model-folder.ts';

// node --expose-gc bench/model-folder.ts [--cycles 1000] [--misses 40] [--pause-ms 500] [--big-mib 700]
// Prints what a folder of models costs: without transport, with the real engine. Takes minutes.

const MIB = 2 ** 20;
/** Caches and compiled code have settled by then. */
const WARM_CYCLES = 100;

const say = (...words: (string | number)[]) => console.log(...words);
const part = (values: readonly number[], share: number): string =>
  (values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0).toFixed(1);
const spread = (values: readonly number[]) =>
  `p50 ${part(values, 0.5)} p99 ${part(values, 0.99)} max ${part(values, 1)} ms`;

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function residentMiB(): number {
  globalThis.gc?.();
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024;
}

/** Loads, asks and unloads one model again and again: the server must not grow. */
async function measureCycles(folder: TestFolder, cycles: number): Promise<void> {
  await folder.put('a.onnx', addModel(1));
  const server = await serveFolder(folder.path, { mode: 'explicit', spares: 1, onEvent: () => {} });
  const took: number[] = [];
  let before = 0;
  for (let at = 0; at < cycles; at += 1) {
    if (at === Math.min(WARM_CYCLES, cycles >> 1)) before = residentMiB();
    took.push(await timed(() => cycle(server)));
  }
  const after = residentMiB();
  say(
    `${cycles} cycles: ${spread(took)}; server ${before.toFixed(0)} -> ${after.toFixed(0)} MiB (${((after / before - 1) * 100).toFixed(1)} %)`,
  );
  await server.stop();
}

async function cycle({ plane, ask, sessions }: FolderServer): Promise<void> {
  await plane.load('a');
  await ask('a');
  await plane.unload('a');
  // The bench itself keeps nothing.
  sessions.length = 0;
}

/** A thousand models, some of them asked for: what a miss and a hit take, and what lies in memory. */
async function measurePool(
  folder: TestFolder,
  { misses, pauseMs, spares }: { misses: number; pauseMs: number; spares: number },
): Promise<void> {
  for (let at = 0; at < 1000; at += 1) await folder.put(`m${at}/1/model.onnx`, addModel(at));
  let server: FolderServer | undefined;
  const started = await timed(async () => {
    server = await serveFolder(folder.path, {
      mode: 'on-demand',
      spares,
      memoryBudgetBytes: 512 * MIB,
      onEvent: () => {},
    });
  });
  if (server === undefined) return;
  const { ask, plane, repository } = server;
  say(
    `1000 models: start ${started.toFixed(0)} ms, index ${(await timed(async () => plane.index(false))).toFixed(1)} ms, look ${(await timed(() => repository.look())).toFixed(0)} ms`,
  );
  const missed: number[] = [];
  const hit: number[] = [];
  for (let at = 0; at < misses; at += 1) {
    await delay(pauseMs);
    missed.push(await timed(() => ask(`m${at}`)));
    hit.push(await timed(() => ask(`m${at}`)));
  }
  const loaded = repository.library.all().filter(({ state }) => state === 'ready');
  const sizes = await Promise.all(loaded.map((model) => model.memoryBytes()));
  const totalMiB = sizes.reduce((sum, bytes) => sum + bytes, 0) / MIB;
  say(`  ${spares} spare, ${pauseMs} ms between misses: miss ${spread(missed)}; hit ${spread(hit)}`);
  say(`  ${loaded.length} loaded in ${totalMiB.toFixed(0)} MiB (budget 512), server ${residentMiB().toFixed(0)} MiB`);
  await server.stop();
}

/** What the load of a large model does to the requests of a small one. */
async function measureDisturbance(folder: TestFolder, bigMib: number): Promise<void> {
  await folder.put('small.onnx', addModel(1));
  await folder.put('big.onnx', heavyModel(bigMib));
  const { ask, plane, stop } = await serveFolder(folder.path, {
    mode: 'explicit',
    loadModels: ['small'],
    onEvent: () => {},
  });
  const askWhile = async (isOn: () => boolean): Promise<number[]> => {
    const took: number[] = [];
    while (isOn()) took.push(await timed(() => ask('small')));
    return took;
  };
  const end = performance.now() + 3000;
  say(`small alone: ${spread(await askWhile(() => performance.now() < end))}`);
  let isLoading = true;
  const loading = timed(() => plane.load('big')).finally(() => {
    isLoading = false;
  });
  const beside = await askWhile(() => isLoading);
  say(`small while ${bigMib} MiB load in ${((await loading) / 1000).toFixed(1)} s: ${spread(beside)}`);
  await stop();
}

async function inFolder(measure: (folder: TestFolder) => Promise<void>): Promise<void> {
  const folder = await makeTestFolder();
  try {
    await measure(folder);
  } finally {
    await folder.remove('.');
  }
}

const text = { type: 'string' } as const;
const { values } = parseArgs({ options: { cycles: text, misses: text, 'pause-ms': text, 'big-mib': text } });
const misses = Number(values.misses ?? 40);
const pauseMs = Number(values['pause-ms'] ?? 500);
await inFolder((folder) => measurePool(folder, { misses, pauseMs, spares: 0 }));
await inFolder((folder) => measurePool(folder, { misses, pauseMs, spares: 1 }));
await inFolder((folder) => measurePool(folder, { misses, pauseMs: 0, spares: 1 }));
await inFolder((folder) => measureDisturbance(folder, Number(values['big-mib'] ?? 700)));
await inFolder((folder) => measureCycles(folder, Number(values.cycles ?? 1000)));
