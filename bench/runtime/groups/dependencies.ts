import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench } from '../bench.ts';

/** Bytes of all files below a folder; links are not followed. */
export function folderBytes(folder: string): number {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + lstatSync(join(entry.parentPath, entry.name)).size, 0);
}

/** Size of each program with its dependencies, without Node or Python themselves, in MB. */
export function measureDependencies({ kinds, figures, say }: Bench): void {
  say('size of dependencies');
  for (const { name, dependencies } of kinds) {
    if (dependencies === undefined || figures.absent[name] !== undefined) continue;
    figures.servers[name] = { ...figures.servers[name], dependenciesMB: folderBytes(dependencies) / 1e6 };
  }
}
