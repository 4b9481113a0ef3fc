import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from '../processes.ts';
import { benchFolder, type Environment } from '../servers/python-peer.ts';

/** Makes a virtual environment and installs what it needs, unless that is there; throws pip's last words. */
export async function ensureEnvironment(
  { name, requirements }: Environment,
  say: (text: string) => void,
): Promise<void> {
  const folder = join(benchFolder(), 'venv', name);
  const stamp = join(folder, 'requirements.txt');
  const text = `${requirements.join('\n')}\n`;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === text) return;
  say(`pip install ${requirements.join(' ')}`);
  rmSync(folder, { recursive: true, force: true });
  await runProgram({ argv: ['python3', '-m', 'venv', folder] });
  const pip = [join(folder, 'bin', 'python'), '-m', 'pip', '--disable-pip-version-check', '-q', 'install'];
  await runProgram({ argv: [...pip, ...requirements] });
  writeFileSync(stamp, text);
}
