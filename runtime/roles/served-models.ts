import type { ServeSettings } from '../flags/serve-settings.ts';
import type { createLog } from '../log.ts';
import type { MeteredModel } from '../metrics/metrics.ts';
import type { Repository } from '../serving/data-plane.ts';
import type { HostingOptions } from '../serving/hosted-model.ts';
import { HostedModel } from '../serving/hosted-model.ts';
import type { Library } from '../serving/library.ts';
import { holdOneModel } from '../serving/one-model.ts';
import { createModelRepository, folderOptions } from './folder-repository.ts';
import { describeOneModel } from './serve-hosting.ts';

/** The models of a server, from the start to the end. */
export interface ServedModels {
  library: Library;
  repository: Repository;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** What the metrics read. */
  metered(): MeteredModel[];
}

/** One model, or a folder of them, as the settings say. */
export async function createServedModels(
  settings: ServeSettings,
  hosting: HostingOptions,
  log: ReturnType<typeof createLog>,
): Promise<ServedModels> {
  if (settings.source.kind === 'folder') return serveFolder(settings, hosting, log);
  const model = new HostedModel(await describeOneModel(settings, settings.source), hosting);
  const { library, repository } = holdOneModel(model);
  return {
    library,
    repository,
    start: () => model.load(),
    stop: () => {
      // A load that is still under way would be waited for otherwise.
      hosting.engine.close?.();
      return model.unload();
    },
    metered: () => library.all().map(meter),
  };
}

function serveFolder(
  settings: ServeSettings,
  hosting: HostingOptions,
  log: ReturnType<typeof createLog>,
): ServedModels {
  const repository = createModelRepository({
    ...folderOptions(settings),
    hosting,
    onEvent: ({ what, error, ...fields }) =>
      error === undefined ? log.info(fields, what) : log.warn({ ...fields, err: error }, what),
  });
  const { library } = repository;
  return {
    library,
    repository,
    start: () => repository.start(),
    stop: () => repository.stop(),
    metered: () => library.all().map(meter),
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
