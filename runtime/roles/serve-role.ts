import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createOnnxEngine } from '../engine/onnx-engine.ts';
import { createMetricsServer, createV2Server, drainServer, listen } from '../http/server.ts';
import { createLog } from '../log.ts';
import { createMetrics } from '../metrics/metrics.ts';
import type { GoldenExample } from '../protocol/golden.ts';
import { parseGolden } from '../protocol/golden.ts';
import { DataPlane } from '../serving/data-plane.ts';
import { createReadiness } from '../serving/readiness.ts';
import { serveSettings } from '../settings.ts';
import { describeFailure, writeTermination } from '../termination.ts';
import { VERSION } from '../version.ts';

type Settings = ReturnType<typeof serveSettings>;
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

async function serveUntil(stopped: Promise<string>, settings: Settings, log: Log): Promise<void> {
  const { model, revision, task, maxBodyBytes } = settings;
  const plane = new DataPlane({ name: model, revision, task });
  const metrics = createMetrics();
  const onFailure = (error: unknown) => log.error({ err: error }, 'request failed');
  const server = createV2Server({ plane, metrics, version: VERSION, maxBodyBytes, onFailure });
  const metricsServer = createMetricsServer(metrics);
  try {
    const ports = {
      http: await listen(server, settings.httpPort),
      metrics: await listen(metricsServer, settings.metricsPort),
    };
    const startedAt = performance.now();
    const examples = await readGolden(settings);
    const session = await createOnnxEngine().open(path.join(settings.modelDir, 'model.onnx'));
    plane.serve(session, createReadiness(session, examples));
    const loadSeconds = Math.round(performance.now() - startedAt) / 1000;
    log.info({ model, revision, ports, loadSeconds, goldenExamples: examples.length }, 'serving');
    log.info({ signal: await stopped }, 'draining');
    await drainServer(server, plane, {
      noticeMs: settings.noticeSeconds * 1000,
      totalMs: settings.drainSeconds * 1000,
    });
    await session.close();
    log.info('stopped');
  } finally {
    server.close();
    server.closeAllConnections();
    metricsServer.close();
    metricsServer.closeAllConnections();
  }
}

async function readGolden({ golden, modelDir }: Settings): Promise<GoldenExample[]> {
  const inArtifact = path.join(modelDir, 'golden.json');
  const file = golden ?? (existsSync(inArtifact) ? inArtifact : undefined);
  return file === undefined ? [] : parseGolden(await readFile(file, 'utf8'));
}
