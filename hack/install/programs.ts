import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { programFolder } from '../local-cluster/processes.ts';

/** The folder of this project. */
export const PROJECT = dirname(dirname(import.meta.dirname));

/** How to run a program. */
export interface RunOptions {
  env?: NodeJS.ProcessEnv;
  input?: string;
  /** Called with each line that the program prints, on either stream. */
  onLine?: (line: string) => void;
  /** Also writes what the program prints, as it comes. */
  passThrough?: boolean;
}

/** Environment in which our own builds of kubectl and helm, and our Node, come first. */
export const programEnvironment = (extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  ...process.env,
  PATH: [join(PROJECT, 'node_modules', '.bin'), programFolder(), process.env.PATH, '/usr/sbin', '/sbin'].join(
    delimiter,
  ),
  ...extra,
});

/** Runs a program in the project's folder and resolves with its standard output; an error carries what it said last. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: PROJECT, env: options.env ?? programEnvironment() });
    let output = '';
    let everything = '';
    const listen = (chunk: Buffer): void => {
      everything = (everything + chunk.toString()).slice(-4000);
      if (options.passThrough === true) process.stderr.write(chunk);
      for (const line of chunk.toString().split('\n')) if (line.trim() !== '') options.onLine?.(line);
    };
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      listen(chunk);
    });
    child.stderr.on('data', listen);
    child.on('error', (error) => reject(new Error(`${command} could not be started: ${error.message}`)));
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${[command, ...args].join(' ')} ended with ${code}:\n${everything.trim()}`));
    });
    // A program that ends without reading its input is judged by its exit code.
    child.stdin.on('error', () => undefined).end(options.input ?? '');
  });
}

/** Whether a program can be found. */
export const isInstalled = (name: string): boolean =>
  (programEnvironment().PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, name)));

/** Whether a command succeeds; what it prints does not matter. */
export function succeeds(command: string, args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore', env: programEnvironment(), timeout: 20_000 });
    return true;
  } catch {
    return false;
  }
}
