import { mkdtempSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../../hack/local-cluster/processes.ts';
import { CORES, type Bench } from './bench.ts';
import { MODELS, type ModelName } from './cells.ts';
import { lastWordsOf, pinned, startProgram, type Running } from './processes.ts';
import type { Ports } from './requests/check.ts';
import type { ServerKind } from './servers/server.ts';
import { copyModels } from './setup/models.ts';

const READY_MS = 60_000;
const POLL_MS = 5;

/** A server that is ready. */
export interface Server {
  kind: ServerKind;
  models: readonly ModelName[];
  ports: Ports;
  running: Running;
  readyMs: number;
}

/** What a server is started with, beside its kind. */
export interface StartOptions {
  models?: readonly ModelName[];
  modelsDir?: string;
  cores?: 1 | 2;
}

/** Starts a server and waits until it says that it is ready; throws its last words when it does not come up. */
export async function startServer(
  { runFolder, setFolder }: Pick<Bench, 'runFolder' | 'setFolder'>,
  kind: ServerKind,
  { models = kind.onlyModels ?? MODELS, modelsDir, cores = 1 }: StartOptions,
): Promise<Server> {
  const folder = mkdtempSync(join(runFolder, `${kind.name}-`));
  const directory = modelsDir ?? copyModels(setFolder, models, mkdtempSync(join(runFolder, 'models-')));
  const [http = 0, grpc = 0, metrics = 0] = await freePorts(3);
  const ports = { http, grpc, metrics };
  const command = kind.command({ models, modelsDir: directory, ports, folder, cores });
  const startedAt = performance.now();
  const argv = pinned(cores === 1 ? CORES.server : CORES.both, command.argv);
  const running = startProgram({ ...command, argv }, join(runFolder, `${kind.name}.log`));
  try {
    await waitUntilReady(running, `http://127.0.0.1:${http}${kind.readyPath}`);
    return { kind, models, ports, running, readyMs: performance.now() - startedAt };
  } catch (error) {
    await running.end();
    throw error;
  }
}

async function waitUntilReady(running: Running, url: string): Promise<void> {
  const end = performance.now() + READY_MS;
  while (!(await answersOk(url))) {
    const ended = running.ended();
    if (ended !== undefined) throw new Error(`ended before it was ready, ${ended}: ${lastWordsOf(running)}`);
    if (performance.now() > end) throw new Error(`not ready in ${READY_MS / 1000} s: ${lastWordsOf(running)}`);
    await sleep(POLL_MS);
  }
}

/** Whether a GET is answered with 200, on a connection of its own. */
const answersOk = (url: string): Promise<boolean> =>
  new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: 1000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on('error', () => resolve(false));
    request.on('timeout', () => request.destroy());
  });

/** Starts every server; one that does not come up is told about and left out. */
export async function startFleet(bench: Bench): Promise<Server[]> {
  const servers: Server[] = [];
  for (const kind of bench.kinds) {
    if (bench.figures.absent[kind.name] !== undefined) continue;
    try {
      servers.push(await startServer(bench, kind, {}));
    } catch (error) {
      noteAbsent(bench, kind, error);
    }
  }
  return servers;
}

/** Says why a server cannot be measured, now and in the report. */
export function noteAbsent(
  { figures, say }: Pick<Bench, 'figures' | 'say'>,
  { name }: ServerKind,
  error: unknown,
): void {
  const text = error instanceof Error ? error.message : String(error);
  figures.absent[name] = text;
  say(`${name} is left out: ${text}`);
}
