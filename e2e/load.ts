import { spawn } from 'node:child_process';
import { environment } from './cluster.ts';

/** What a stream of requests saw. */
export interface LoadResult {
  answered: number;
  failures: string[];
}

/** A gentle, bounded stream of requests from inside the cluster's network, one at a time on fresh connections. */
export function startLoad(url: string, body: unknown, { perSecond = 50, seconds = 240 } = {}) {
  const child = spawn(
    'nsenter',
    [
      `--net=/run/netns/aimass-${environment.clusterName()}`,
      process.execPath,
      '-e',
      CLIENT,
      url,
      JSON.stringify(body),
    ].concat([String(1000 / perSecond), String(seconds * 1000)]),
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  return {
    /** Stops the stream and tells what it saw. */
    stop: async (): Promise<LoadResult> => {
      child.stdin.end();
      await ended;
      return JSON.parse(out) as LoadResult;
    },
  };
}

const CLIENT = `
const [url, body, everyMs, forMs] = process.argv.slice(1);
const http = require('node:http');
const seen = { answered: 0, failures: [] };
let stopped = false;
process.stdin.on('end', () => (stopped = true)).resume();
const once = () => new Promise((resolve) => {
  const fail = (why) => { if (seen.failures.length < 20) seen.failures.push(new Date().toISOString() + ' ' + why); resolve(); };
  const request = http.request(url, { method: 'POST', agent: false, timeout: 10000, headers: { 'content-type': 'application/json' } }, (response) => {
    let text = '';
    response.on('data', (chunk) => (text += chunk)).on('end', () => {
      if (response.statusCode === 200) { seen.answered++; resolve(); } else fail(response.statusCode + ' ' + text.slice(0, 200));
    });
  });
  request.on('timeout', () => request.destroy(new Error('no answer within 10 s'))).on('error', (error) => fail(error.message)).end(body);
});
(async () => {
  const end = Date.now() + Number(forMs);
  while (!stopped && Date.now() < end) {
    const next = Date.now() + Number(everyMs);
    await once();
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, next - Date.now())));
  }
  process.stdout.write(JSON.stringify(seen), () => process.exit(0));
})();
`;
