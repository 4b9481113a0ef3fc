import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generatedFiles, tooLarge } from './generate/files.ts';

const root = join(import.meta.dirname, '..');

const readOrNothing = (path: string): string | undefined => {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Error(`reading ${path}`, { cause });
  }
};

const write = (path: string, text: string): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};

const check = (stale: readonly string[]): number => {
  for (const path of stale) console.error(`stale: ${path}`);
  if (stale.length > 0) console.error('Run `npm run generate` and commit what it writes.');
  return stale.length > 0 ? 1 : 0;
};

const main = (args: readonly string[]): number => {
  const files = generatedFiles();
  const problems = tooLarge(files);
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) return 1;
  const stale = [...files.keys()].filter((path) => readOrNothing(path) !== files.get(path));
  if (args.includes('--check')) return check(stale);
  for (const path of stale) write(path, files.get(path) ?? '');
  console.log(`${files.size} generated files, ${stale.length} changed ${stale.join(' ')}`.trimEnd());
  return 0;
};

process.exitCode = main(process.argv.slice(2));
