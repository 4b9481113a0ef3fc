import { once } from 'node:events';
import type { RequestListener, Server } from 'node:http';
import http from 'node:http';
import https from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import type { DataPlane } from '../serving/data-plane.ts';
import type { AppOptions } from './app.ts';
import { createApp } from './app.ts';
import { createInferRoute, matchInfer } from './infer-route.ts';
import { prefersAsync } from './prefer.ts';
import { hasToken } from './repository-routes.ts';

/** Certificate and key in PEM, for servers that speak TLS. */
interface TlsFiles {
  cert: string | Buffer;
  key: string | Buffer;
}

/** What the V2 server is made of. */
export interface V2ServerOptions extends Omit<AppOptions, 'plane'> {
  plane: DataPlane;
  /** Told to clients in a header. */
  revision?: string | undefined;
  maxBodyBytes: number;
  maxConnections?: number | undefined;
  tls?: TlsFiles | undefined;
  onFailure: (error: unknown) => void;
}

/** Node's own limits are too loose for a server that strangers can reach. */
const LIMITS = {
  headersTimeout: 15_000,
  requestTimeout: 120_000,
  connectionsCheckingInterval: 5_000,
  keepAliveTimeout: 75_000,
  maxHeaderSize: 16 * 1024,
  // A small answer must not wait for the acknowledgement of the one before.
  noDelay: true,
};

/** The HTTP server of Open Inference V2, not listening yet. */
export function createV2Server(options: V2ServerOptions): Server {
  const { plane, revision, tls, asyncRoutes } = options;
  const infer = createInferRoute(options);
  const app = createApp(options);
  const listener: RequestListener = (request, response) => {
    if (revision !== undefined) response.setHeader('aimass-revision', revision);
    // While draining, clients are told to come back on a new connection, which leads them to another pod.
    if (plane.isDraining) response.setHeader('connection', 'close');
    const isForLater =
      asyncRoutes !== undefined && request.headers.prefer !== undefined && prefersAsync(request.headers);
    const target = isForLater ? undefined : matchInfer(request);
    if (target === undefined) app(request, response);
    else void infer(request, response, target);
  };
  const server =
    tls === undefined ? http.createServer(LIMITS, listener) : https.createServer({ ...LIMITS, ...tls }, listener);
  server.maxHeadersCount = 100;
  if (options.maxConnections !== undefined) server.maxConnections = options.maxConnections;
  return server;
}

/** The server for scrapers and the kubelet, on its own port so that it can be kept inside. With a token, metrics are for those who have it. */
export function createMetricsServer(registry: Registry, token?: string): Server {
  return http.createServer({ headersTimeout: 5000, requestTimeout: 10_000 }, (request, response) => {
    if (request.url === '/healthz') {
      response.end('ok');
      return;
    }
    if (request.url !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    if (!hasToken(token, request.headers.authorization)) {
      response.writeHead(401, { 'www-authenticate': 'Bearer' }).end();
      return;
    }
    registry.metrics().then(
      (text) => response.setHeader('content-type', registry.contentType).end(text),
      () => response.writeHead(500).end(),
    );
  });
}

/** Listens on a port, of all addresses unless one is named, and gives the port. */
export async function listen(server: Server, port: number, host?: string): Promise<number> {
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

const SWEEP_MS = 100;

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
  // A connection that was busy becomes idle when its answer is out.
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
  server.closeIdleConnections();
  await Promise.race([closed, delay(Math.max(0, totalMs - noticeMs), undefined, { ref: false })]);
  clearInterval(sweep);
  server.closeAllConnections();
}
