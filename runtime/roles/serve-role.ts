import type { ServeSettings } from '../flags/serve-settings.ts';
import { serveSettings } from '../flags/serve-settings.ts';
import { createLog } from '../log.ts';
import { DataPlane } from '../serving/data-plane.ts';
import { describeFailure, writeTermination } from '../termination.ts';
import { VERSION } from '../version.ts';
import { createHosting } from './serve-hosting.ts';
import { createServedModels } from './served-models.ts';
import { startServers } from './start-servers.ts';

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
    const isLoaded = await Promise.race([models.start().then(() => true), stopped.then(() => false)]);
    const loadSeconds = Math.round(performance.now() - startedAt) / 1000;
    const names = library.names().slice(0, 100);
    if (isLoaded) log.info({ models: names, ports: servers.ports, loadSeconds }, 'serving');
    log.info({ signal: await stopped }, 'draining');
    await servers.drain(settings);
    log.info('stopped');
  } finally {
    await servers.close();
    await models.stop();
  }
}
