import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { computeThreads } from '../engine/cpu-limit.ts';
import type { Engine } from '../engine/engine.ts';
import { createProcessEngine } from '../engine/process/process-engine.ts';
import type { ServeSettings } from '../flags/serve-settings.ts';
import type { createLog } from '../log.ts';
import { containerMemoryLimit } from '../memory-limit.ts';
import type { GoldenExample } from '../protocol/golden.ts';
import { parseGolden } from '../protocol/golden.ts';
import type { HostingOptions, ModelVersion } from '../serving/hosted-model.ts';
import { labelsOf } from '../serving/labels.ts';

/** What one model may take of the container's memory: the server itself needs a part, and must outlive the model. */
const SHARE_OF_LIMIT = 0.9;

/** How models are run, from the settings. */
export async function createHosting(
  settings: ServeSettings,
  log: ReturnType<typeof createLog>,
): Promise<HostingOptions> {
  const { instances, maxBatchDelayMs, targetP99Ms, maxQueue, maxQueueBytes } = settings;
  const threads = settings.threads ?? Math.max(1, Math.floor(computeThreads() / instances));
  return {
    engine: await createEngine(settings),
    open: { threads, providers: settings.providers },
    limits: { instances, maxDelayMs: maxBatchDelayMs, targetP99Ms, maxQueue, maxQueueBytes },
    maxBatchRows: settings.maxBatchRows,
    onEvent: ({ what, error, ...fields }) => log.warn({ ...fields, err: error }, what),
  };
}

async function createEngine(settings: ServeSettings): Promise<Engine> {
  if (settings.isolation === 'none') return (await import('../engine/onnx-engine.ts')).createOnnxEngine();
  const limit = containerMemoryLimit();
  return createProcessEngine({
    loadMs: settings.loadTimeoutSeconds * 1000,
    runMs: settings.runTimeoutSeconds * 1000,
    // The start of a process is most of a small model's load, for which somebody waits.
    spares: settings.control === 'on-demand' ? 1 : 0,
    maxMemoryBytes: settings.maxModelMemory ?? (limit === undefined ? undefined : Math.floor(limit * SHARE_OF_LIMIT)),
  });
}

/** The one model of a pod, as its flags say. */
export async function describeOneModel(
  { golden, task, revision }: ServeSettings,
  { model, directory }: { model: string; directory: string },
): Promise<ModelVersion> {
  return {
    name: model,
    version: '1',
    modelPath: path.join(directory, 'model.onnx'),
    directory,
    task,
    revision,
    labels: await readLabels(directory),
    readGolden: () => readGolden(golden, directory),
  };
}

/** The names of the classes, from config.json beside the model. */
async function readLabels(directory: string): Promise<string[]> {
  try {
    return labelsOf(JSON.parse(await readFile(path.join(directory, 'config.json'), 'utf8')));
  } catch {
    // There is none, or it is of no use: classes then have numbers only.
    return [];
  }
}

/** The golden examples of a model: the file that was given, or the one beside the model. */
async function readGolden(given: string | undefined, directory: string): Promise<GoldenExample[]> {
  const beside = path.join(directory, 'golden.json');
  const file = given ?? (existsSync(beside) ? beside : undefined);
  return file === undefined ? [] : parseGolden(await readFile(file, 'utf8'));
}
