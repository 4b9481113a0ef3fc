import type { Server } from 'node:http';
import http from 'node:http';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Metrics } from '../metrics/metrics.ts';
import type { DataPlane } from '../serving/data-plane.ts';
import { createApp } from './app.ts';
import { createInferRoute, matchInfer } from './infer-route.ts';

/** What the V2 server is made of. */
export interface V2ServerOptions {
  plane: DataPlane;
  metrics: Metrics;
  version: string;
  maxBodyBytes: number;
  onFailure: (error: unknown) => void;
}

/** The HTTP server of Open Inference V2, not listening yet. */
export function createV2Server(options: V2ServerOptions): Server {
  const { plane } = options;
  const infer = createInferRoute(options);
  const app = createApp(plane, options.version);
  const limits = {
    headersTimeout: 15_000,
    requestTimeout: 120_000,
    keepAliveTimeout: 75_000,
    maxHeaderSize: 16 * 1024,
  };
  return http.createServer(limits, (request, response) => {
    if (plane.model.revision !== undefined) response.setHeader('aimass-revision', plane.model.revision);
    // While draining, clients are told to come back on a new connection, which leads them to another pod.
    if (plane.isDraining) response.setHeader('connection', 'close');
    const target = matchInfer(request);
    if (target === undefined) app(request, response);
    else void infer(request, response, target);
  });
}

/** The server for scrapers and the kubelet, on its own port so that it can be kept inside. */
export function createMetricsServer({ registry }: Metrics): Server {
  return http.createServer({ headersTimeout: 5000, requestTimeout: 10_000 }, (request, response) => {
    if (request.url === '/healthz') {
      response.end('ok');
      return;
    }
    if (request.url !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    registry.metrics().then(
      (text) => response.setHeader('content-type', registry.contentType).end(text),
      () => response.writeHead(500).end(),
    );
  });
}

/** Listens on a port of all addresses and gives the port. */
export async function listen(server: Server, port: number): Promise<number> {
  server.listen(port);
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

/** How a server is stopped; times are in milliseconds. */
export interface DrainOptions {
  /** How long endpoints need to notice that the pod is not ready. */
  noticeMs: number;
  /** When everything must be over. */
  totalMs: number;
}

/** Stops a server without failing a request: not ready, answering still, then finishing what is in flight. */
export async function drainServer(
  server: Server,
  plane: DataPlane,
  { noticeMs, totalMs }: DrainOptions,
): Promise<void> {
  plane.drain();
  await delay(Math.min(noticeMs, totalMs));
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeIdleConnections();
  await Promise.race([closed, delay(Math.max(0, totalMs - noticeMs), undefined, { ref: false })]);
  server.closeAllConnections();
}
