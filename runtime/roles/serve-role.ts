import { readFile } from 'node:fs/promises';
import type { ServeSettings } from '../flags/serve-settings.ts';
import { serveSettings } from '../flags/serve-settings.ts';
import type { GrpcServer } from '../grpc/server.ts';
import { assertToken } from '../http/repository-routes.ts';
import { createMetricsServer, createV2Server, drainServer, listen } from '../http/server.ts';
import { createLog } from '../log.ts';
import { createMetrics } from '../metrics/metrics.ts';
import { DataPlane } from '../serving/data-plane.ts';
import { describeFailure, writeTermination } from '../termination.ts';
import { VERSION } from '../version.ts';
import { countGrpc } from './count-grpc.ts';
import { createAsync } from './serve-async.ts';
import { createHosting } from './serve-hosting.ts';
import type { ServedModels } from './served-models.ts';
import { createServedModels } from './served-models.ts';
import { createTasks } from './serve-tasks.ts';

type Log = ReturnType<typeof createLog>;

/** Runs the serve role until it is told to stop, and gives the exit code. */
export async function runServe(args: readonly string[]): Promise<number> {
  const settings = serveSettings(args);
  const log = createLog('serve');
  // Listening for the signal comes first: a pod may be told to go while it still loads.
  const stopped = untilToldToStop();
  try {
    await serveUntil(stopped, settings, log);
    return 0;
  } catch (error) {
    const report = describeFailure(error, 'LoadFailed');
    log.error({ ...report, err: error }, 'cannot serve');
    writeTermination(settings.terminationLog, { ...report });
    return report.retryable ? 1 : 2;
  }
}

const untilToldToStop = (): Promise<string> =>
  new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
  });

async function serveUntil(stopped: Promise<string>, settings: ServeSettings, log: Log): Promise<void> {
  const models = await createServedModels(settings, await createHosting(settings, log), log);
  const { library, repository } = models;
  const plane = new DataPlane({
    version: VERSION,
    library,
    repository,
    instances: settings.instances,
    isStrict: settings.strictReadiness,
  });
  const servers = await startServers(settings, { plane, models, log });
  try {
    const startedAt = performance.now();
    await Promise.race([models.start(), stopped]);
    const loadSeconds = Math.round(performance.now() - startedAt) / 1000;
    log.info({ models: library.names().slice(0, 100), ports: servers.ports, loadSeconds }, 'serving');
    log.info({ signal: await stopped }, 'draining');
    await servers.drain(settings);
    log.info('stopped');
  } finally {
    await servers.close();
    await models.stop();
  }
}

interface Serving {
  plane: DataPlane;
  models: ServedModels;
  log: Log;
}

async function startServers(settings: ServeSettings, { plane, models, log }: Serving) {
  const { tls, repositoryToken } = await readSecrets(settings);
  const onFailure = (error: unknown) => log.error({ err: error }, 'request failed');
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
  const metrics = createMetricsServer(registry);
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

async function readSecrets({ tls, repositoryTokenFile: tokenFile }: ServeSettings) {
  return {
    tls: tls && { cert: await readFile(tls.certFile), key: await readFile(tls.keyFile) },
    repositoryToken: tokenFile === undefined ? undefined : (await readFile(tokenFile, 'utf8')).trim(),
  };
}

interface GrpcNeeds {
  plane: DataPlane;
  tls: { cert: Buffer; key: Buffer } | undefined;
  onFailure: (error: unknown) => void;
  repositoryToken: string | undefined;
}

async function startGrpc(
  { grpcPort, bindAddress, maxBodyBytes, revision }: ServeSettings,
  { plane, tls, onFailure, repositoryToken }: GrpcNeeds,
): Promise<{ server: GrpcServer; port: number } | undefined> {
  if (grpcPort === undefined) return undefined;
  const { createGrpcServer } = await import('../grpc/server.ts');
  const server = createGrpcServer({
    plane,
    maxMessageBytes: maxBodyBytes,
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
