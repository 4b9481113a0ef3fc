import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ModelName } from '../cells.ts';
import { runProgram } from '../processes.ts';
import { benchFolder, ENVIRONMENTS, programOf } from '../servers/python-peer.ts';

const here = dirname(import.meta.dirname);
const IRIS = join(here, '..', '..', 'library', 'iris', 'model.onnx');

/** Writes the models and their examples, unless they are there, and gives their folder. */
export async function ensureModels(say: (text: string) => void): Promise<string> {
  const sources = ['make.py', 'graph.py'].map((name) => join(here, 'models', name));
  const digest = createHash('sha256');
  for (const file of [...sources, IRIS]) digest.update(readFileSync(file));
  const folder = join(benchFolder(), 'set');
  const stamp = join(folder, 'made-from');
  const wanted = digest.digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return folder;
  say('write the models');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const env = { PYTHONDONTWRITEBYTECODE: '1' };
  await runProgram({ argv: [programOf(ENVIRONMENTS.tools, 'python'), sources[0] ?? '', folder, IRIS], env });
  writeFileSync(stamp, wanted);
  return folder;
}

/** A folder that holds these models and no other, in the layout MODEL/1/model.onnx. */
export function copyModels(setFolder: string, models: readonly ModelName[], into: string): string {
  for (const model of models) cpSync(join(setFolder, 'models', model), join(into, model), { recursive: true });
  return into;
}
