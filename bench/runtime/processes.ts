import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { processTree } from './process-tree.ts';

// A server that asks for more than this is refused it, instead of the machine running out of memory.
const MEMORY_LIMIT_BYTES = 8 * 1024 ** 3;
const TERM_MS = 5000;

/** A program to start: its words, and where and with what environment. */
export interface Command {
  argv: readonly string[];
  env?: Readonly<Record<string, string>>;
  cwd?: string;
}

/** A program that runs in the background. */
export interface Running {
  pid: number;
  logPath: string;
  /** Set once it has ended, with how. */
  ended: () => string | undefined;
  end: () => Promise<void>;
}

const started = new Set<ChildProcess>();

/** Words that pin a program to cores and limit its memory; the pid stays the program's own. */
export const pinned = (cores: string, argv: readonly string[]): string[] => [
  'taskset',
  '-c',
  cores,
  'prlimit',
  `--data=${MEMORY_LIMIT_BYTES}`,
  ...argv,
];

/** Starts a program in a session of its own, its output in a log. */
export function startProgram({ argv, env, cwd }: Command, logPath: string): Running {
  const log = openSync(logPath, 'w');
  const child = spawn(argv[0] ?? '', argv.slice(1), {
    stdio: ['ignore', log, log],
    detached: true,
    env: { ...process.env, ...env },
    cwd,
  });
  closeSync(log);
  let ended: string | undefined;
  child.on('error', (error) => (ended = error.message));
  child.on('exit', (code, signal) => (ended = signal ?? `exit code ${code}`));
  started.add(child);
  const end = async (): Promise<void> => {
    await endTree(child, () => ended !== undefined);
    started.delete(child);
  };
  return { pid: child.pid ?? 0, logPath, ended: () => ended, end };
}

async function endTree(child: ChildProcess, hasEnded: () => boolean): Promise<void> {
  if (child.pid === undefined) return;
  const tree = processTree(child.pid);
  const waitUntil = performance.now() + TERM_MS;
  if (!hasEnded()) child.kill('SIGTERM');
  while (!hasEnded() && performance.now() < waitUntil) await sleep(50);
  killAll(tree.map(({ pid }) => pid));
}

/** Kills processes by their id; those that have ended are passed over. */
function killAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended already.
    }
  }
}

/** Runs a program to its end and gives what it printed; throws with its last words when it fails. */
export async function runProgram({ argv, env, cwd }: Command): Promise<string> {
  const child = spawn(argv[0] ?? '', argv.slice(1), {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    cwd,
  });
  started.add(child);
  let out = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject).once('close', resolve);
    });
    if (code !== 0) throw new Error(`${argv.join(' ')}: exit code ${code}\n${(out + errors).trim().slice(-2000)}`);
    return out;
  } finally {
    started.delete(child);
  }
}

/** Kills whatever still runs, at once: the last thing before this program ends, however it ends. */
export function killStarted(): void {
  for (const { pid, exitCode, signalCode } of started) {
    if (pid !== undefined && exitCode === null && signalCode === null)
      killAll(processTree(pid).map((each) => each.pid));
  }
  started.clear();
}

/** What a log says last: its last error, or its last line. */
export function lastWords(log: string): string {
  const lines = log.split('\n').filter((line) => line.trim() !== '');
  return lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? 'it said nothing';
}

/** What a program said last. */
export const lastWordsOf = ({ logPath }: Running): string => lastWords(readFileSync(logPath, 'utf8'));
