import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { runProgram } from '../processes.ts';

/** Programs that the benchmark runs, and the Debian packages that they are in. */
const TOOLS = {
  wrk: 'wrk',
  h2load: 'nghttp2-client',
  taskset: 'util-linux',
  prlimit: 'util-linux',
  python3: 'python3',
};

const isInstalled = (program: string): boolean =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));

/** Installs the programs that are missing; needs root for that. */
export async function ensureTools(say: (text: string) => void): Promise<void> {
  const missing = new Set(
    Object.entries(TOOLS)
      .filter(([program]) => !isInstalled(program))
      .map(([, name]) => name),
  );
  const hasVenv = await runProgram({ argv: ['python3', '-c', 'import ensurepip, venv'] }).then(
    () => true,
    () => false,
  );
  if (!hasVenv) missing.add('python3-venv');
  if (missing.size === 0) return;
  const names = [...missing];
  if (process.getuid?.() !== 0) throw new Error(`missing programs. As root: apt-get install ${names.join(' ')}`);
  say(`apt-get install ${names.join(' ')}`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const install = () => runProgram({ argv: ['apt-get', 'install', '-y', '--no-install-recommends', ...names], env });
  await install().catch(async () => {
    await runProgram({ argv: ['apt-get', 'update'] });
    await install();
  });
}
