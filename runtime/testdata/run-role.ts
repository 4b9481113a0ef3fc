import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import path from 'node:path';

const MAIN = path.join(import.meta.dirname, '..', 'main.ts');

/** A run of the program as a pod does it. */
export interface RoleRun {
  child: ChildProcess;
  /** Everything written to stdout so far. */
  output: () => string;
  /** Everything written to stderr so far. */
  complaints: () => string;
  /** Resolves with the exit code. */
  ended: Promise<number | null>;
}

/** Starts a role of the real program. */
export function startRole(...args: string[]): RoleRun {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8');
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString('utf8');
  });
  return {
    child,
    output: () => text,
    complaints: () => errors,
    ended: once(child, 'close').then(([code]) => code as number | null),
  };
}

/** Runs a role to its end and gives exit code and termination message. */
export async function runRole(
  terminationLog: string,
  ...args: string[]
): Promise<{ code: number | null; report: Record<string, unknown> }> {
  const run = startRole(...args, '--termination-log', terminationLog);
  const code = await run.ended;
  return { code, report: JSON.parse(await readFile(terminationLog, 'utf8')) as Record<string, unknown> };
}
