import { cpSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench } from '../bench.ts';
import type { PoolFigures } from '../figures.ts';
import { startServer, type Server } from '../fleet.ts';
import { treeMemoryMiB } from '../process-tree.ts';
import { differenceOf, readExample, type Example } from '../requests/example.ts';
import { jsonBody, readAnswer } from '../requests/rest.ts';
import { aimassPool } from '../servers/aimass.ts';
import { quantile } from '../statistics.ts';

const COUNT = 1000;

const nameOf = (index: number): string => `s-${String(index).padStart(4, '0')}`;

/** A folder with the same small model under many names. */
function makePool({ runFolder, setFolder }: Bench): string {
  const folder = mkdtempSync(join(runFolder, 'pool-'));
  for (let index = 0; index < COUNT; index += 1) {
    cpSync(join(setFolder, 'models', 'S'), join(folder, nameOf(index)), { recursive: true });
  }
  return folder;
}

/** Milliseconds of one request of a model in the pool; its answer is checked. */
async function ask(port: number, name: string, example: Example): Promise<number> {
  const { headers, bytes } = jsonBody(example);
  const startedAt = performance.now();
  const url = `http://127.0.0.1:${port}/v2/models/${name}/infer`;
  const response = await fetch(url, { method: 'POST', headers, body: Uint8Array.from(bytes) });
  const body = Buffer.from(await response.arrayBuffer());
  const tookMs = performance.now() - startedAt;
  if (!response.ok) throw new Error(`${name}: HTTP ${response.status}: ${body.toString('utf8', 0, 200)}`);
  const difference = differenceOf(readAnswer(body, response.headers), example.outputs);
  if (difference !== undefined) throw new Error(`${name}: ${difference}`);
  return tookMs;
}

/** Asks each model of the pool twice: the first request has to load it, the second finds it. */
async function askAll(server: Server, example: Example): Promise<PoolFigures> {
  const memoryBeforeMiB = treeMemoryMiB(server.running.pid);
  const missesMs: number[] = [];
  const hitsMs: number[] = [];
  for (let index = 0; index < COUNT; index += 1) {
    missesMs.push(await ask(server.ports.http, nameOf(index), example));
    hitsMs.push(await ask(server.ports.http, nameOf(index), example));
  }
  return {
    models: COUNT,
    readyMs: server.readyMs,
    missP50Ms: quantile(missesMs, 0.5),
    missP99Ms: quantile(missesMs, 0.99),
    hitP50Ms: quantile(hitsMs, 0.5),
    hitP99Ms: quantile(hitsMs, 0.99),
    memoryBeforeMiB,
    memoryAfterMiB: treeMemoryMiB(server.running.pid),
  };
}

/** 1,000 models behind one server that loads them when they are asked for. */
export async function measurePool(bench: Bench): Promise<void> {
  bench.say(`a pool of ${COUNT} models`);
  const server = await startServer(bench, aimassPool(bench.figures.program), { modelsDir: makePool(bench) });
  try {
    bench.figures.pool = await askAll(server, readExample(bench.setFolder, 'S'));
  } finally {
    await server.running.end();
  }
}
