import { join } from 'node:path';
import type { PreparedRequest } from '../requests/prepare.ts';
import { runProgram } from '../processes.ts';
import type { Load, Loaded } from './load.ts';

/** Reads the line of JSON that post.lua prints. */
export function parseWrk(output: string): Loaded {
  const line = output.split('\n').find((candidate) => candidate.startsWith('{'));
  if (line === undefined) throw new Error(`wrk printed no figures:\n${output.slice(-500)}`);
  return JSON.parse(line) as Loaded;
}

/** Loads an HTTP server with one request over and over. */
export async function runWrk(request: PreparedRequest, { port, connections, seconds, cores }: Load): Promise<Loaded> {
  const headers = Object.entries(request.headers).map(([name, value]) => `${name}: ${value}`);
  const url = `http://127.0.0.1:${port}${request.path}`;
  // wrk counts whole seconds only.
  const words = ['-t1', `-c${connections}`, `-d${Math.max(1, Math.round(seconds))}s`, '--timeout', '10s'];
  const output = await runProgram({
    argv: ['taskset', '-c', cores, 'wrk', ...words, '-s', join(import.meta.dirname, 'post.lua'), url],
    env: { BENCH_BODY: request.file, BENCH_HEADERS: headers.join('\n') },
  });
  return parseWrk(output);
}
