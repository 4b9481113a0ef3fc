import { readFileSync, readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { RoleRun } from './run-role.ts';
import { startRole } from './run-role.ts';

/** The real program, serving one model named "m" on free ports of 127.0.0.1. */
export interface ServedModel {
  run: RoleRun;
  pid: number;
  ports: { http: number; metrics: number; grpc?: number };
  origin: string;
  /** Process ids of the programs that the server has started. */
  children(): number[];
  stop(): Promise<void>;
}

/** Starts it with a model file and other files beside it. */
export async function serveModel(files: Record<string, string | Buffer>, ...flags: string[]): Promise<ServedModel> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'aimass-served-'));
  for (const [name, content] of Object.entries(files)) await writeFile(path.join(directory, name), content);
  const place = ['--model', 'm', '--model-dir', directory, '--bind-address', '127.0.0.1'];
  const run = startRole('serve', ...place, '--http-port', '0', '--metrics-port', '0', '--grpc-port', '0', ...flags);
  const ports = await untilServing(run);
  const pid = run.child.pid ?? 0;
  return {
    run,
    pid,
    ports,
    origin: `http://127.0.0.1:${ports.http}`,
    children: () => childrenOf(pid),
    stop: async () => {
      run.child.kill('SIGKILL');
      await run.ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function untilServing(run: RoleRun): Promise<ServedModel['ports']> {
  for (;;) {
    const lines = run.output().split('\n');
    const line = lines.find((entry) => entry.includes('"ports"'));
    if (line !== undefined) return (JSON.parse(line) as { ports: ServedModel['ports'] }).ports;
    if (run.child.exitCode !== null) throw new Error(run.output() + run.complaints());
    await delay(5);
  }
}

/** Process ids of the programs that a process has started. */
export function childrenOf(parent: number): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => parentOf(pid) === parent);
}

function parentOf(pid: number): number | undefined {
  try {
    return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return undefined;
  }
}
