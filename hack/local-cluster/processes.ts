import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const RUN_PREFIX = 'aimass-control-plane-';

/** A program that runs in the background, with its log. */
export interface RunningProgram {
  name: string;
  pid: number;
  logPath: string;
  /** Set once the program has ended, with how it ended. */
  ended: () => string | undefined;
}

/** Where the built Kubernetes programs are. */
export const programFolder = (): string => join(process.env.AIMASS_CACHE ?? join(homedir(), '.cache', 'aimass'), 'bin');

/** Path of a built program; throws with the remedy when it has not been built. */
export function programPath(name: string): string {
  const path = join(programFolder(), name);
  if (existsSync(path)) return path;
  throw new Error(`${path} does not exist. Build the Kubernetes programs first: run hack/local-cluster/build.sh`);
}

/** As many different free ports of 127.0.0.1 as asked for. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** A new temporary folder that remembers which process owns it, so that a later run can clean up after a crash. */
export function createRunFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), RUN_PREFIX));
  writeFileSync(join(folder, 'owner.pid'), String(process.pid));
  return folder;
}

/** Starts a program of the build folder in the background; its output goes to a log in the run folder. */
export function startProgram(folder: string, name: string, args: readonly string[]): RunningProgram {
  const path = programPath(name);
  const logPath = join(folder, `${name}.log`);
  const log = openSync(logPath, 'a');
  // A session of its own: Ctrl-C in the terminal reaches only us, and we stop the programs in order.
  const child = spawn(path, args, { stdio: ['ignore', log, log], detached: true });
  closeSync(log);
  let ended: string | undefined;
  child.on('error', (error) => (ended = error.message));
  child.on('exit', (code, signal) => (ended = signal === null ? `exit code ${code}` : `signal ${signal}`));
  child.unref();
  const pid = child.pid ?? 0;
  writeFileSync(join(folder, `${name}.pid`), String(pid));
  return { name, pid, logPath, ended: () => ended };
}

/** The last lines of a program's log, for error messages. */
export const logTail = (program: RunningProgram, lines = 15): string =>
  readFileSync(program.logPath, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');

/** Stops programs: asks, and after five seconds insists. Resolves when none of them runs any more. */
export async function stopPrograms(pids: readonly number[]): Promise<void> {
  for (const pid of pids) signal(pid, 'SIGTERM');
  for (let attempt = 0; attempt < 100 && pids.some(isRunning); attempt++) await sleep(50);
  for (const pid of pids.filter(isRunning)) signal(pid, 'SIGKILL');
  while (pids.some(isRunning)) await sleep(20);
}

/** Ends, at once and without waiting, what runs out of a folder, and removes the folder. For exit handlers. */
export function abandonRunFolder(folder: string): void {
  for (const pid of pidsIn(folder)) signal(pid, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

/** Cleans up after earlier runs whose owner has died without stopping what it had started. */
export function sweepDeadRuns(): void {
  for (const entry of readdirSync(tmpdir()).filter((name) => name.startsWith(RUN_PREFIX))) {
    const folder = join(tmpdir(), entry);
    const owner = readPid(join(folder, 'owner.pid'));
    // A folder without an owner file is being made right now by somebody else.
    if (owner !== undefined && !isRunning(owner)) abandonRunFolder(folder);
  }
}

/** Pids recorded in a run folder that still belong to it: a pid may have been given to a stranger since. */
function pidsIn(folder: string): number[] {
  const files = existsSync(folder)
    ? readdirSync(folder).filter((name) => name.endsWith('.pid') && name !== 'owner.pid')
    : [];
  return files
    .map((name) => readPid(join(folder, name)))
    .filter((pid) => pid !== undefined)
    .filter((pid) => commandLine(pid).includes(folder));
}

function readPid(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, 'utf8'));
    return pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

function isRunning(pid: number): boolean {
  if (!signal(pid, 0)) return false;
  try {
    // A zombie has ended; nobody has read its exit status yet.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  if (pid <= 0) return false;
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}
