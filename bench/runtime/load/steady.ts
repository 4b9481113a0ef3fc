import { readFileSync, rmSync } from 'node:fs';
import { runProgram } from '../processes.ts';
import type { PreparedRequest } from '../requests/prepare.ts';
import { quantile } from '../statistics.ts';
import { connectionWords } from './h2load.ts';
import type { Load } from './load.ts';

const STEPS_MS = [3, 4, 5, 6, 7, 8, 9, 10];

/**
 * Milliseconds between the starts of connections that spread their requests best. Each connection sends at its own steady
 * pace: started at once they would all send at the same moments, and the figures would be those of bursts.
 */
export function staggerMs(paceMs: number, connections: number): number {
  const phasesOf = (stepMs: number): number => {
    const phases = Array.from({ length: connections }, (_, index) => ((index * stepMs) % paceMs) / paceMs);
    return new Set(phases.map((phase) => Math.floor(phase * connections))).size;
  };
  return STEPS_MS.reduce((best, step) => (phasesOf(step) > phasesOf(best) ? step : best));
}

/** What was seen while all connections were sending. */
export interface Steady {
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
}

/** Reads h2load's log (start in microseconds, status, microseconds), without the time when connections come and go. */
export function parseSteady(log: string, rampMs: number): Steady {
  const rows = log
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t').map(Number));
  const starts = rows.map(([startUs = 0]) => startUs / 1000);
  const from = starts.reduce((least, start) => Math.min(least, start), Infinity) + rampMs;
  const until = starts.reduce((most, start) => Math.max(most, start), 0) - rampMs;
  const kept = rows.filter((_, index) => (starts[index] ?? 0) >= from && (starts[index] ?? 0) <= until);
  const latencies = kept.map(([, , took = 0]) => took / 1000);
  return {
    perSecond: (kept.length / (until - from)) * 1000,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
  };
}

/** Loads a server at a steady rate over all connections, which start one after the other. */
export async function runSteady(
  request: PreparedRequest,
  load: Load,
  { rate, isHttp1 }: { rate: number; isHttp1: boolean },
): Promise<Steady> {
  const { connections, seconds, cores } = load;
  const paceMs = (connections / rate) * 1000;
  const stepMs = staggerMs(paceMs, connections);
  const rampMs = stepMs * connections;
  const log = `${request.file}.log`;
  rmSync(log, { force: true });
  const perConnection = Math.ceil((seconds * 1000 + 2 * rampMs) / paceMs);
  const words = [
    `-c${connections}`,
    `-n${perConnection * connections}`,
    '-r1',
    `--rate-period=${stepMs}ms`,
    `--rps=${(rate / connections).toFixed(3)}`,
    `--log-file=${log}`,
  ];
  await runProgram({ argv: ['taskset', '-c', cores, 'h2load', ...words, ...connectionWords(request, load, isHttp1)] });
  const steady = parseSteady(readFileSync(log, 'utf8'), rampMs);
  rmSync(log, { force: true });
  return steady;
}
