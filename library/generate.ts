import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { format } from 'prettier';
import { LIBRARY, readEntries } from './entries.ts';
import { entryTable, indexJson, modelYaml, serviceYaml } from './manifests.ts';

const START = '<!-- entries: written by library/generate.ts -->';
const END = '<!-- /entries -->';

/** Every generated file of the library, by its path inside the library. */
export async function generatedFiles(): Promise<Map<string, string>> {
  const entries = await readEntries();
  const readme = readFileSync(path.join(LIBRARY, 'README.md'), 'utf8');
  const table = readme.slice(0, readme.indexOf(START) + START.length) + `\n\n${entryTable(entries)}\n\n`;
  const files = new Map([
    ['index.json', indexJson(entries)],
    ['README.md', await format(table + readme.slice(readme.indexOf(END)), { parser: 'markdown', printWidth: 120 })],
  ]);
  for (const entry of entries) {
    files.set(`${entry.name}/model.yaml`, modelYaml(entry));
    files.set(`${entry.name}/service.yaml`, serviceYaml(entry));
  }
  return files;
}

/** Paths of generated files that are not what they should be. */
export async function staleFiles(): Promise<string[]> {
  const current = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8') : undefined);
  const files = [...(await generatedFiles())];
  return files.filter(([name, text]) => current(path.join(LIBRARY, name)) !== text).map(([name]) => name);
}

async function runFromCommandLine(): Promise<void> {
  const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
  const stale = await staleFiles();
  if (!values.check) {
    const files = await generatedFiles();
    for (const name of stale) writeFileSync(path.join(LIBRARY, name), files.get(name) ?? '');
    console.log(stale.length === 0 ? 'library: nothing to write' : `library: wrote ${stale.join(', ')}`);
  } else if (stale.length > 0) {
    console.error(`library: ${stale.join(', ')} not fresh; run node library/generate.ts`);
    process.exitCode = 1;
  }
}

if (import.meta.main) await runFromCommandLine();
