import { join } from 'node:path';
import { CORES, type Bench } from '../bench.ts';
import { busyMs } from '../core-time.ts';
import type { Cell } from '../cells.ts';
import type { Sample } from '../figures.ts';
import type { Server } from '../fleet.ts';
import { runH2load } from '../load/h2load.ts';
import type { Load, Loaded } from '../load/load.ts';
import { runSteady, type Steady } from '../load/steady.ts';
import { runWrk } from '../load/wrk.ts';
import { treeCpuMs } from '../process-tree.ts';
import { checkOnce } from '../requests/check.ts';
import { readExample } from '../requests/example.ts';
import { prepareRequest, type PreparedRequest } from '../requests/prepare.ts';

/** A cell that a server answers correctly, ready to be loaded. */
export interface Target {
  server: Server;
  cell: Cell;
  request: PreparedRequest;
  answerBytes?: number;
}

/** Prepares the load of a cell on a server: one answer is checked first. Throws what was wrong with it. */
export async function aim({ setFolder, runFolder }: Bench, server: Server, cell: Cell): Promise<Target> {
  const example = readExample(setFolder, cell.model);
  const request = prepareRequest(join(runFolder, 'requests'), cell, example);
  if (!server.kind.isChecked) return { server, cell, request };
  const answerBytes = await checkOnce(server.ports, cell, { request, example });
  return { server, cell, request, answerBytes };
}

const loadOf = ({ server: { ports }, cell }: Target, seconds: number, cores: string): Load => ({
  port: cell.transport === 'grpc' ? ports.grpc : ports.http,
  connections: cell.connections,
  seconds,
  cores,
});

const isHttp1 = ({ cell }: Target): boolean => cell.transport !== 'grpc';

/** Loads a target as hard as the connections allow, by h2load over either protocol, for any part of a second. */
export const loadFully = (target: Target, seconds: number): Promise<Loaded> =>
  runH2load(target.request, loadOf(target, seconds, CORES.load), { isHttp1: isHttp1(target) });

/** Loads a target at a steady rate. */
export const loadSteadily = (target: Target, seconds: number, rate: number): Promise<Steady> =>
  runSteady(target.request, loadOf(target, seconds, CORES.load), { rate, isHttp1: isHttp1(target) });

/** Loads a target as hard as the connections allow, by the generator that costs least, and counts the server's CPU meanwhile. */
export async function measureOnce(target: Target, seconds: number, cores: string = CORES.load): Promise<Sample> {
  const { request, cell, server, answerBytes } = target;
  const load = loadOf(target, seconds, cores);
  const startedAt = performance.now();
  const before = { cpu: treeCpuMs(server.running.pid), busy: busyMs(CORES.server) };
  const loaded =
    cell.transport === 'grpc'
      ? await runH2load(request, load, answerBytes === undefined ? {} : { answerBytes })
      : await runWrk(request, load);
  const usedMs = treeCpuMs(server.running.pid) - before.cpu;
  const othersMs = Math.max(0, busyMs(CORES.server) - before.busy - usedMs);
  return {
    perSecond: loaded.requests / loaded.seconds,
    p50Ms: loaded.p50Ms,
    p99Ms: loaded.p99Ms,
    cpuMs: usedMs / Math.max(1, loaded.requests),
    failed: loaded.failed,
    othersPercent: cores === CORES.both ? 0 : (othersMs / (performance.now() - startedAt)) * 100,
  };
}
