import { setTimeout as delay } from 'node:timers/promises';
import type { Engine, Session } from '../engine/engine.ts';
import { createProcessEngine } from '../engine/process/process-engine.ts';
import { readInferRequest } from '../protocol/v2-request.ts';
import type { FolderOptions } from '../roles/folder-repository.ts';
import { createModelRepository } from '../roles/folder-repository.ts';
import { Call } from '../serving/call.ts';
import { DataPlane } from '../serving/data-plane.ts';
import type { ModelRepository } from '../serving/model-repository.ts';
import { NEWEST_ONLY } from '../version-policy.ts';

/** A folder of models behind the real engine, without transport. */
export interface FolderServer {
  repository: ModelRepository;
  plane: DataPlane;
  events: { what: string; model?: string; detail?: string }[];
  /** Sessions that were opened, newest last; each has the id of its process. */
  sessions: (Session & { pid?: number })[];
  /** Asks for x and gives y. */
  ask: (name: string, x?: number, version?: string) => Promise<number>;
  /** The index as `name/version state`. */
  index: () => string[];
  stop: () => Promise<void>;
}

/** Opens a folder; `start()` is left to the test when `isStarted` is false. */
export async function serveFolder(
  directory: string,
  { spares = 0, ...options }: Partial<FolderOptions> & { spares?: number } = {},
): Promise<FolderServer> {
  const sessions: FolderServer['sessions'] = [];
  const events: FolderServer['events'] = [];
  const real = createProcessEngine({ loadMs: 30_000, runMs: 30_000, spares });
  const engine: Engine = {
    ...real,
    open: async (modelPath, open) => {
      const session = await real.open(modelPath, open);
      sessions.push(session);
      return session;
    },
  };
  const limits = { instances: 1, maxDelayMs: 0, maxQueue: 1000, maxQueueBytes: 2 ** 28 };
  const hosting = { engine, open: { threads: 1 }, limits, maxBatchRows: 1, onEvent: (event: { what: string }) => void events.push(event) };
  const repository = createModelRepository({
    directory,
    mode: 'none',
    policy: NEWEST_ONLY,
    isOpen: true,
    stableMs: 5,
    hosting,
    onEvent: (event) => void events.push(event),
    ...options,
  });
  const { library, isOpen } = repository;
  const plane = new DataPlane({ version: '0', library, repository, instances: 1, isStrict: options.isStrict ?? true });
  await repository.start();
  return {
    repository,
    plane,
    events,
    sessions,
    ask: async (name, x = 0, version) => {
      const { outputs } = await plane.infer({ name, version }, requestOf(x), new Call());
      return Number(outputs[0]?.data[0]);
    },
    index: () => (isOpen ? plane.index(false).map((entry) => `${entry.name}/${entry.version} ${entry.state}`) : []),
    stop: () => repository.stop(),
  };
}

/** A request with one tensor. */
export const tensorRequest = (name: string, datatype: string, data: readonly number[]) =>
  readInferRequest({ inputs: [{ name, datatype, shape: [data.length], data }] }, '');

/** A request for one number. */
export const requestOf = (x: number) => tensorRequest('x', 'FP32', [x]);

/** Waits until something holds, ten seconds at most unless more is said. */
export async function eventually(holds: () => boolean, limitMs = 10_000): Promise<void> {
  const until = performance.now() + limitMs;
  while (!holds()) {
    if (performance.now() > until) throw new Error(`it never came true: ${holds.toString()}`);
    await delay(10);
  }
}
