import { readFileSync, rmSync } from 'node:fs';
import type { PreparedRequest } from '../requests/prepare.ts';
import { runProgram } from '../processes.ts';
import { quantile } from '../statistics.ts';
import type { Load, Loaded } from './load.ts';

// Answers with gRPC's own errors have status 200 but carry no message: h2load counts them as good, their bytes tell.
const WHOLE_ANSWER = 0.98;

/** What h2load sends beside a plain load. */
export interface H2Options {
  /** HTTP/1.1 instead of HTTP/2. */
  isHttp1?: boolean;
  /** Bytes of one whole answer, to find the empty ones. */
  answerBytes?: number;
}

/** Milliseconds of each request in the log that h2load writes: start, status, microseconds. */
export const parseLatencies = (log: string): number[] =>
  log
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => Number(line.split('\t')[2]) / 1000);

const numberIn = (output: string, pattern: RegExp): number => Number(pattern.exec(output)?.[1] ?? NaN);

/** Reads h2load's summary; `failed` includes answers without a message when the size of a whole one is given. */
export function parseH2load(output: string, answerBytes?: number): Omit<Loaded, 'p50Ms' | 'p99Ms' | 'seconds'> {
  const done = numberIn(output, /(\d+) done/);
  const ok = numberIn(output, /status codes: (\d+) 2xx/);
  if (Number.isNaN(done) || Number.isNaN(ok)) throw new Error(`h2load printed no figures:\n${output.slice(-500)}`);
  const bytes = numberIn(output, /\((\d+)\) data/);
  const whole = answerBytes === undefined ? ok : Math.round(bytes / answerBytes);
  const failed = Math.max(0, done - ok) + (whole < ok * WHOLE_ANSWER ? ok - whole : 0);
  return { requests: done - failed, failed };
}

/** Words for what is sent, and where to. */
export function connectionWords(request: PreparedRequest, { port }: Load, isHttp1: boolean): string[] {
  const headers = Object.entries(request.headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const url = `http://127.0.0.1:${port}${request.path}`;
  return ['-t1', '-m1', ...(isHttp1 ? ['--h1'] : []), '-d', request.file, ...headers, url];
}

/** Loads a server over HTTP/2 (or 1.1) with one request over and over, one at a time on each connection. */
export async function runH2load(request: PreparedRequest, load: Load, options: H2Options = {}): Promise<Loaded> {
  const { connections, seconds, cores } = load;
  const log = `${request.file}.log`;
  rmSync(log, { force: true });
  const words = [`-c${connections}`, `-D${Math.round(seconds * 1000)}ms`, `--log-file=${log}`];
  const output = await runProgram({
    argv: ['taskset', '-c', cores, 'h2load', ...words, ...connectionWords(request, load, options.isHttp1 === true)],
  });
  const latencies = parseLatencies(readFileSync(log, 'utf8'));
  rmSync(log, { force: true });
  const spread = { p50Ms: quantile(latencies, 0.5), p99Ms: quantile(latencies, 0.99) };
  return { ...parseH2load(output, options.answerBytes), ...spread, seconds };
}
