import { readFile } from 'node:fs/promises';
import { ApiError, ApiErrorCode } from '../errors.ts';
import type { ServeSettings } from '../flags/serve-settings.ts';
import type { GrpcServer } from '../grpc/server.ts';
import { assertToken } from '../http/repository-routes.ts';
import { createMetricsServer, createV2Server, drainServer, listen } from '../http/server.ts';
import type { createLog } from '../log.ts';
import { createMetrics } from '../metrics/metrics.ts';
import type { DataPlane } from '../serving/data-plane.ts';
import { countGrpc } from './count-grpc.ts';
import { createAsync } from './serve-async.ts';
import { createTasks } from './serve-tasks.ts';
import type { ServedModels } from './served-models.ts';

type Log = ReturnType<typeof createLog>;

/** What the servers serve. */
export interface Serving {
  plane: DataPlane;
  models: ServedModels;
  log: Log;
}

/** Starts REST, gRPC and metrics; they listen at once, and answer that nothing is ready until the models are. */
export async function startServers(settings: ServeSettings, { plane, models, log }: Serving) {
  const { tls, repositoryToken, metricsToken } = await readSecrets(settings);
  const onFailure = tellFailures(log);
  const { revision, maxBodyBytes, maxConnections } = settings;
  const tasks = createTasks({ plane, library: models.library, maxBodyBytes, log, onFailure });
  const asynchronous = await createAsync(settings, { plane, onFailure });
  const http = createV2Server({
    plane,
    revision,
    maxBodyBytes,
    maxConnections,
    tls,
    repositoryToken,
    onFailure,
    routers: tasks.routers,
    asyncRoutes: asynchronous?.routes,
  });
  const registry = createMetrics(() => models.metered());
  asynchronous?.addMetrics(registry);
  const metrics = createMetricsServer(registry, metricsToken);
  const grpc = await startGrpc(settings, { plane, tls, onFailure, repositoryToken });
  const ports = {
    http: await listen(http, settings.httpPort, settings.bindAddress),
    ...(grpc && { grpc: grpc.port }),
    ...(settings.metricsPort !== undefined && {
      metrics: await listen(metrics, settings.metricsPort, settings.bindAddress),
    }),
  };
  return {
    ports,
    drain: async ({ noticeSeconds, drainSeconds }: ServeSettings) => {
      const times = { noticeMs: noticeSeconds * 1000, totalMs: drainSeconds * 1000 };
      const restMs = Math.max(0, times.totalMs - times.noticeMs);
      await Promise.all([
        drainServer(http, plane, times),
        drainGrpcLater(grpc?.server, times.noticeMs, restMs),
        asynchronous?.drain(times.totalMs),
      ]);
    },
    close: async () => {
      for (const server of [http, metrics]) {
        server.close();
        server.closeAllConnections();
      }
      await grpc?.server.close();
      tasks.close();
    },
  };
}

/** What asking again can mend is not worth an error with its stack. */
function tellFailures(log: Log): (error: unknown) => void {
  return (error) => {
    if (error instanceof ApiError && ApiErrorCode[error.code].retryable)
      log.warn({ code: error.code, detail: error.message }, 'request refused');
    else log.error({ err: error }, 'request failed');
  };
}

async function readSecrets({ tls, repositoryTokenFile, metricsTokenFile }: ServeSettings) {
  const token = async (file: string | undefined) =>
    file === undefined ? undefined : (await readFile(file, 'utf8')).trim();
  return {
    tls: tls && { cert: await readFile(tls.certFile), key: await readFile(tls.keyFile) },
    repositoryToken: await token(repositoryTokenFile),
    metricsToken: await token(metricsTokenFile),
  };
}

interface GrpcNeeds {
  plane: DataPlane;
  tls: { cert: Buffer; key: Buffer } | undefined;
  onFailure: (error: unknown) => void;
  repositoryToken: string | undefined;
}

async function startGrpc(
  { grpcPort, bindAddress, maxBodyBytes, maxConnections, revision }: ServeSettings,
  { plane, tls, onFailure, repositoryToken }: GrpcNeeds,
): Promise<{ server: GrpcServer; port: number } | undefined> {
  if (grpcPort === undefined) return undefined;
  const { createGrpcServer } = await import('../grpc/server.ts');
  const server = createGrpcServer({
    plane,
    maxMessageBytes: maxBodyBytes,
    maxConnections,
    onFailure,
    ...(tls && { tls }),
    onOutcome: countGrpc(plane),
    authorize: (authorization) => assertToken(repositoryToken, authorization),
    headersFor: () => (revision === undefined ? undefined : { 'aimass-revision': revision }),
  });
  return { server, port: await server.listen(grpcPort, bindAddress) };
}

/** Calls are still taken while endpoints notice that the pod is going. */
async function drainGrpcLater(server: GrpcServer | undefined, noticeMs: number, restMs: number): Promise<void> {
  if (server === undefined) return;
  await new Promise((resolve) => {
    setTimeout(resolve, noticeMs);
  });
  await server.drain(restMs);
}
