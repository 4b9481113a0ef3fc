import { readFile } from 'node:fs/promises';
import os from 'node:os';
import type { ServeSettings } from '../flags/serve-settings.ts';
import { parseGolden } from '../protocol/golden.ts';
import { openModelFolder } from '../repository/model-folder.ts';
import type { ModelRepositoryOptions } from '../serving/model-repository.ts';
import { ModelRepository } from '../serving/model-repository.ts';
import { checkedEngine } from './checked-engine.ts';

const POLL_MS = 15_000;
const STABLE_MS = 1000;

/** What the command line says of a folder of models; the rest has defaults. */
export type FolderOptions = Pick<ModelRepositoryOptions, 'mode' | 'policy' | 'hosting' | 'onEvent'> &
  Partial<ModelRepositoryOptions> & { directory: string };

/** What the settings of the serve role say of a folder of models. */
export function folderOptions(settings: ServeSettings): Omit<FolderOptions, 'hosting' | 'onEvent'> {
  const { pollSeconds, idleUnloadSeconds } = settings;
  return {
    directory: settings.source.directory,
    mode: settings.control,
    policy: settings.versionPolicy,
    isOpen: settings.repositoryApi,
    isStrict: settings.strictReadiness,
    loadModels: settings.loadModels,
    pollMs: pollSeconds && pollSeconds * 1000,
    memoryBudgetBytes: settings.memoryBudget,
    idleUnloadMs: idleUnloadSeconds && idleUnloadSeconds * 1000,
  };
}

/** The repository over a folder of models. Nothing is looked at or loaded before `start()`. */
export function createModelRepository({ directory, ...options }: FolderOptions): ModelRepository {
  const { hosting, mode } = options;
  return new ModelRepository({
    isOpen: false,
    isStrict: true,
    loadModels: [],
    stableMs: STABLE_MS,
    loadsAtOnce: Math.min(4, os.availableParallelism()),
    folder: openModelFolder(directory),
    readGolden: async (file) => (file === undefined ? [] : parseGolden(await readFile(file, 'utf8'))),
    ...options,
    pollMs: mode === 'poll' ? (options.pollMs ?? POLL_MS) : mode === 'on-demand' ? options.pollMs : undefined,
    hosting: { ...hosting, engine: checkedEngine(hosting.engine) },
  });
}
