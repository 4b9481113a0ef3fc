import type { ChildProcessByStdio } from 'node:child_process';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import os from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { ENTRY } from '../../entry.ts';

/** The first to go when the machine has no memory left: it keeps nothing. */
const OOM_SCORE = '1000';
const NICENESS = 5;
const FLAGS = ['--max-old-space-size=1024', '--disable-warning=ExperimentalWarning'];
/** Nothing of the server's environment but what is needed: no secret of the server reaches this process. */
const ENVIRONMENT = ['PATH', 'LD_LIBRARY_PATH', 'TMPDIR', 'NODE_COMPILE_CACHE', 'HOME'];

/** A process with pipes to talk through. */
export type TaskChild = ChildProcessByStdio<Writable, Readable, Readable>;

/** Starts the process that prepares inputs and finishes outputs: this program in a role of its own. */
export function startTaskProcess(): TaskChild {
  const given = ENVIRONMENT.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]));
  const env = { ...Object.fromEntries(given), MALLOC_ARENA_MAX: '2' } as NodeJS.ProcessEnv;
  const child = spawn(process.execPath, [...FLAGS, ENTRY, 'task-process'], { stdio: ['pipe', 'pipe', 'pipe'], env });
  if (child.pid !== undefined) favourServer(child.pid);
  return child;
}

function favourServer(pid: number): void {
  try {
    os.setPriority(pid, NICENESS);
    writeFileSync(`/proc/${pid}/oom_score_adj`, OOM_SCORE);
  } catch {
    // Where the system does not let us, all processes are equal; nothing depends on it.
  }
}
