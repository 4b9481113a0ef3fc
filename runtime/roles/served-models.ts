import type { RequestHandler } from 'express';
import type { ServeSettings } from '../flags/serve-settings.ts';
import type { createLog } from '../log.ts';
import type { MeteredModel } from '../metrics/metrics.ts';
import type { DataPlane, Repository } from '../serving/data-plane.ts';
import type { HostingOptions } from '../serving/hosted-model.ts';
import { HostedModel } from '../serving/hosted-model.ts';
import type { Library } from '../serving/library.ts';
import { holdOneModel } from '../serving/one-model.ts';
import { describeOneModel } from './serve-hosting.ts';

/** The models of a server, from the start to the end. */
export interface ServedModels {
  library: Library;
  repository: Repository;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** What the metrics read. */
  metered(): MeteredModel[];
  /** The routes of tasks and other protocols. */
  routers(
    plane: DataPlane,
    options: { onFailure: (error: unknown) => void; maxBodyBytes: number },
  ): Promise<RequestHandler[]>;
}

/** One model, or a folder of them, as the settings say. */
export async function createServedModels(
  settings: ServeSettings,
  hosting: HostingOptions,
  _log: ReturnType<typeof createLog>,
): Promise<ServedModels> {
  if (settings.source.kind === 'folder') throw new Error('not yet');
  const model = new HostedModel(await describeOneModel(settings, settings.source), hosting);
  const { library, repository } = holdOneModel(model);
  return {
    library,
    repository,
    start: () => model.load(),
    stop: () => model.unload(),
    metered: () => library.all().map(meter),
    routers: async () => [],
  };
}

const meter = (model: HostedModel): MeteredModel => ({
  name: model.at.name,
  version: model.at.version,
  meter: model.meter,
  isLoaded: model.state === 'ready',
  residentBytes: model.residentBytes(),
  cpuSeconds: model.cpuSeconds(),
});
