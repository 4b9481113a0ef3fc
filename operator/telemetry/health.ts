import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';

/** What the health server asks. Problems are sentences; none means all is well. */
export interface HealthSource {
  /** Things that only a restart can cure. An API server that does not answer is none. */
  liveProblems: () => readonly string[];
  readyProblems: () => readonly string[];
  registry: Registry;
  /** Called before metrics are read. */
  updateGauges?: () => void;
}

/** A running health server. */
export interface HealthServer {
  port: number;
  stop: () => Promise<void>;
}

/** How long a loop may be still before a restart is the better guess: well above silence plus backoff of a watch. */
const MAX_IDLE_MS = 5 * 60_000;
const MAX_PASS_MS = 10 * 60_000;

/** Serves /healthz, /readyz and /metrics. An event loop that hangs shows by no answer at all. */
export async function startHealthServer(port: number, source: HealthSource): Promise<HealthServer> {
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (request, response) => {
    answer(request.url ?? '/', source, response).catch((error: unknown) => send(response, 500, String(error)));
  });
  server.maxConnections = 64;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, resolve);
  });
  return { port: (server.address() as AddressInfo).port, stop: () => close(server) };
}

async function answer(url: string, source: HealthSource, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(url, 'http://localhost');
  switch (pathname) {
    case '/healthz':
      return sendProblems(response, source.liveProblems());
    case '/readyz':
      return sendProblems(response, source.readyProblems());
    case '/metrics':
      source.updateGauges?.();
      response.setHeader('content-type', source.registry.contentType);
      return send(response, 200, await source.registry.metrics());
    default:
      return send(response, 404, 'not found\n');
  }
}

function sendProblems(response: ServerResponse, problems: readonly string[]): void {
  if (problems.length === 0) return send(response, 200, 'ok\n');
  send(response, 503, `${problems.join('\n')}\n`);
}

function send(response: ServerResponse, code: number, body: string): void {
  response.statusCode = code;
  response.end(body);
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** What liveness is judged by. */
export interface LivenessFacts {
  watches: readonly { kind: string; idleMs: number }[];
  passes: readonly { controller: string; oldestMs: number }[];
}

/** Loops that stand still and passes that never end. */
export const liveProblems = ({ watches, passes }: LivenessFacts): string[] => [
  ...watches
    .filter(({ idleMs }) => idleMs > MAX_IDLE_MS)
    .map(({ kind, idleMs }) => `the watch of ${kind} has done nothing for ${Math.round(idleMs / 1000)} s`),
  ...passes
    .filter(({ oldestMs }) => oldestMs > MAX_PASS_MS)
    .map(({ controller, oldestMs }) => `a pass of ${controller} has been running for ${Math.round(oldestMs / 1000)} s`),
];
