import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { ENTRY } from '../../entry.ts';
import type { Engine } from '../engine.ts';
import type { EngineChild, Patience } from './process-session.ts';
import { ProcessSession } from './process-session.ts';
import { SpareProcesses } from './spare-process.ts';

/** Killed before the server itself when the machine has no memory left. */
const OOM_SCORE = '900';
/** A little behind the server, so that it answers while a model computes on the only core. */
const NICENESS = 5;
/**
 * glibc's allocator keeps what was freed once blocks of that size were asked for often. With a fixed bound, weights that were
 * copied while loading go back to the system: 87 instead of 157 MiB for a ResNet-18, at the same speed. A lower bound, or
 * giving back the end of the heap at once, costs a tenth of the speed: the tensors between operators are mapped anew in each run.
 */
const MALLOC = {
  MALLOC_MMAP_THRESHOLD_: String(4 * 1024 * 1024),
  MALLOC_TRIM_THRESHOLD_: String(32 * 1024 * 1024),
};
const PRLIMIT = '/usr/bin/prlimit';
const SETPRIV = '/usr/bin/setpriv';
/** What Node reserves for itself and the kernel counts as data although it is never touched (measured: 575 MB on Node 24). */
const NODE_DATA_BYTES = 640 * 1024 * 1024;
/** Memory is asked back after large requests and given back before the next one: collecting in other threads would be too late. */
const FLAGS = [
  '--expose-gc',
  '--single-threaded-gc',
  '--max-semi-space-size=1',
  '--disable-warning=ExperimentalWarning',
];

/** How the processes of models are made. */
export interface ProcessEngineOptions extends Patience {
  /** Bytes that one model may take; asking for more fails inside its process, and only there. */
  maxMemoryBytes?: number | undefined;
  /** Processes kept ready for models to come; each takes some 40 MiB and saves a load most of its time. */
  spares?: number | undefined;
}

/** The engine that gives each model a process of its own. */
export function createProcessEngine({ loadMs, runMs, maxMemoryBytes, spares = 0 }: ProcessEngineOptions): Engine {
  const processes = new SpareProcesses(() => startChild(maxMemoryBytes), spares);
  processes.refill();
  const opening = new Set<ProcessSession>();
  return {
    open: async (modelPath, options = {}) => {
      const session = new ProcessSession(processes.take(), { loadMs, runMs });
      opening.add(session);
      try {
        await session.open({ modelPath, ...options });
        return session;
      } catch (error) {
        await session.close();
        throw error;
      } finally {
        opening.delete(session);
        processes.refill();
      }
    },
    memoryBytes: () => processes.memoryBytes(),
    close: () => {
      processes.close();
      // Nobody waits for what is still being loaded.
      for (const session of opening) void session.close();
    },
  };
}

function startChild(maxMemoryBytes: number | undefined): EngineChild {
  const command = [process.execPath, ...FLAGS, ENTRY, 'engine-process'];
  const [program = '', ...args] = [...wrappers(maxMemoryBytes), ...command];
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: childEnvironment(),
    // A group of its own: Ctrl-C ends the server, which finishes what its models are doing.
    detached: true,
  });
  if (child.pid !== undefined) favourServer(child.pid);
  return child;
}

/** Programs of util-linux that set what Node cannot, and then become the command that follows. */
function wrappers(maxMemoryBytes: number | undefined): string[] {
  // Should the server be killed, a model in an endless run would go on for ever.
  const endWithServer = existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'KILL'] : [];
  if (maxMemoryBytes === undefined || !existsSync(PRLIMIT)) return endWithServer;
  // The limit is on data, not on address space: V8 reserves far more addresses than it ever uses.
  return [...endWithServer, PRLIMIT, `--data=${maxMemoryBytes + NODE_DATA_BYTES}`];
}

/** Nothing of the server's environment but what the engine reads: no secret of the server reaches a model. */
function childEnvironment(): NodeJS.ProcessEnv {
  const names = [
    'PATH',
    'LD_LIBRARY_PATH',
    'CUDA_VISIBLE_DEVICES',
    'NVIDIA_VISIBLE_DEVICES',
    'TMPDIR',
    'NODE_COMPILE_CACHE',
  ];
  const inherited = names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]));
  return { ...MALLOC, ...(Object.fromEntries(inherited) as NodeJS.ProcessEnv) };
}

function favourServer(pid: number): void {
  try {
    os.setPriority(pid, NICENESS);
    writeFileSync(`/proc/${pid}/oom_score_adj`, OOM_SCORE);
  } catch {
    // Where the system does not let us, all processes are equal; nothing depends on it.
  }
}
