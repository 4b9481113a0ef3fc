import type { ModelSettings } from '../model-listing.ts';
import { VERSION_NAME, parseVersionPolicy } from '../version-policy.ts';
import { messageOf } from '../error-shape.ts';
import { FolderRefusal } from './folder-files.ts';

/** Files that may hold a model's settings; the first that is there counts. */
export const SETTINGS_FILES = ['aimass.json', 'aimass.yaml', 'aimass.yml'] as const;

const FIELDS = ['task', 'versions', 'batching', 'pin'];

/** Reads a model's settings file. */
export async function parseSettings(file: string, text: string): Promise<ModelSettings> {
  const refuse = (why: string) => new FolderRefusal(`has ${file}, in which ${why}`);
  const value = await parse(file, text).catch((error: unknown) => {
    throw refuse(`the text cannot be read: ${messageOf(error).split('\n')[0] ?? ''}`);
  });
  if (!isObject(value)) throw refuse('there is no object at the top');
  const unknown = Object.keys(value).find((key) => !FIELDS.includes(key));
  if (unknown !== undefined)
    throw refuse(`${JSON.stringify(unknown.slice(0, 100))} is not known; known are ${FIELDS.join(', ')}`);
  return {
    task: readTask(value['task'], refuse),
    versions: readVersions(value['versions'], refuse),
    maxBatchRows: readMaxSize(value['batching'], refuse),
    isPinned: readPin(value['pin'], refuse),
  };
}

type Refuse = (why: string) => FolderRefusal;
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The reader of YAML is loaded only when there is YAML. */
async function parse(file: string, text: string): Promise<unknown> {
  if (file.endsWith('.json')) return JSON.parse(text) as unknown;
  const { parse: parseYaml } = await import('yaml');
  return parseYaml(text, { maxAliasCount: 0 }) as unknown;
}

function readTask(task: unknown, refuse: Refuse): string | undefined {
  if (task === undefined) return undefined;
  if (typeof task !== 'string' || !/^[a-z0-9-]{1,64}$/.test(task))
    throw refuse('"task" is no name of a task; write one as text-classification');
  return task;
}

function readVersions(versions: unknown, refuse: Refuse): ModelSettings['versions'] {
  if (versions === undefined) return undefined;
  const policy = typeof versions === 'string' ? parseVersionPolicy(versions) : undefined;
  if (policy === undefined) throw refuse('"versions" is not "all", "latest 2" or "specific 1,3"');
  return policy;
}

function readMaxSize(batching: unknown, refuse: Refuse): number | undefined {
  if (batching === undefined) return undefined;
  const maxSize = isObject(batching) ? batching['maxSize'] : undefined;
  if (typeof maxSize !== 'number' || !VERSION_NAME.test(String(maxSize)) || maxSize > 65_536)
    throw refuse('"batching" is not {"maxSize": N} with N from 1 to 65536');
  return maxSize;
}

function readPin(pin: unknown, refuse: Refuse): boolean {
  if (pin !== undefined && typeof pin !== 'boolean') throw refuse('"pin" is not true or false');
  return pin ?? false;
}
