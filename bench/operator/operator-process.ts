import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import { freePorts } from '../../hack/local-cluster/processes.ts';
import type { ApiClient } from './api.ts';
import type { AuditLog } from './audit-log.ts';
import type { BenchCluster } from './cluster.ts';
import { OPERATOR_NAMESPACE } from './cluster.ts';
import { cpuMs, peakMemoryMiB } from './process-usage.ts';

// Quiet: less than a tenth of a core and no request other than watches and Leases, for longer than the operator ever puts
// a write off.
const QUIET_MS = 12_000;
const QUIET_CPU_SHARE = 0.1;
const SAMPLE_MS = 250;

/** The operator, running as a child process. */
export interface RunningOperator {
  pid: number;
  cpuMs: () => number;
  peakMemoryMiB: () => number;
  /** Waits until it leads and has nothing more to do; gives the seconds since its start at which that began. */
  settle: (timeoutMs: number) => Promise<number>;
  stop: () => Promise<void>;
}

/** What to run, and how. */
export interface Program {
  /** The operator's main module. */
  file: string;
  /** Folder for a CPU profile of each run. */
  profileFolder?: string | undefined;
  /** Settings beside those of every benchmark. */
  settings?: object | undefined;
}

let starts = 0;
let newestLog: string | undefined;

/** Starts the operator as its image does, with its own settings file, as the cluster's operator account. */
export async function startOperator(
  cluster: BenchCluster,
  audit: AuditLog,
  program: Program,
): Promise<RunningOperator> {
  starts += 1;
  const podName = `bench-operator-${starts}`;
  const settings = await writeSettings({ folder: cluster.plane.folder, podName, settings: program.settings });
  const logPath = join(cluster.plane.folder, `${podName}.log`);
  newestLog = logPath;
  const log = openSync(logPath, 'a');
  const env = {
    ...process.env,
    KUBECONFIG: cluster.operatorKubeconfig,
    AIMASS_SETTINGS: settings,
    POD_NAME: podName,
    POD_NAMESPACE: OPERATOR_NAMESPACE,
  };
  const startedAt = Date.now();
  const auditPosition = audit.position();
  const child = spawn(process.execPath, [...nodeFlags(program), program.file], { stdio: ['ignore', log, log], env });
  closeSync(log);
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const pid = child.pid ?? 0;
  const isQuiet = quietness({ pid, startedAt, audit, auditPosition });
  const settle = async (timeoutMs: number) => {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      expectRunning(child, logPath);
      const quietSince = await isQuiet();
      if (quietSince !== undefined && (await leads(cluster.api, podName))) return quietSince;
      if (Date.now() > deadline)
        throw new Error(`the operator is still busy after ${timeoutMs / 1000} s; ${logEnd(logPath)}`);
      await sleep(SAMPLE_MS);
    }
  };
  const stop = async () => {
    process.off('exit', kill);
    await stopChild(child);
  };
  return { pid, cpuMs: () => cpuMs(pid), peakMemoryMiB: () => peakMemoryMiB(pid), settle, stop };
}

/** Tells since when, in seconds after the start, the operator has been quiet, or undefined while it is not. */
function quietness(from: { pid: number; startedAt: number; audit: AuditLog; auditPosition: number }) {
  const { pid, startedAt, audit } = from;
  let position = from.auditPosition;
  let last = { at: Date.now(), cpu: 0 };
  let busyAt = Date.now();
  return async (): Promise<number | undefined> => {
    const next = audit.position();
    const { lastWorkAt } = await audit.since(position);
    position = next;
    const now = { at: Date.now(), cpu: cpuMs(pid) };
    if (now.at > last.at && (now.cpu - last.cpu) / (now.at - last.at) > QUIET_CPU_SHARE) busyAt = now.at;
    busyAt = Math.max(busyAt, lastWorkAt);
    last = now;
    return now.at - busyAt >= QUIET_MS ? (busyAt - startedAt) / 1000 : undefined;
  };
}

async function leads(api: ApiClient, podName: string): Promise<boolean> {
  const { items } = await api.list(`/apis/coordination.k8s.io/v1/namespaces/${OPERATOR_NAMESPACE}/leases`);
  return items.some(({ spec }) => JSON.stringify(spec?.['holderIdentity'] ?? '').includes(podName));
}

const CONTAINERFILE = join(import.meta.dirname, '..', '..', 'operator', 'Containerfile');

/** The flags of the image's entry point: memory depends on them. */
export function imageNodeFlags(containerfile: string): string[] {
  const entryPoint = /^ENTRYPOINT (\[.*\])$/m.exec(containerfile)?.[1];
  if (entryPoint === undefined) throw new Error('the Containerfile has no ENTRYPOINT');
  return z
    .array(z.string())
    .parse(JSON.parse(entryPoint))
    .filter((word) => word.startsWith('--'));
}

const VALUES = join(import.meta.dirname, '..', '..', 'charts', 'aimass', 'values.yaml');

const memoryLimit = z.object({
  operator: z.object({ resources: z.object({ limits: z.object({ memory: z.string().regex(/^\d+Mi$/) }) }) }),
});

/** In its pod, Node takes half of the memory limit for its heap, and collects garbage accordingly; here it would see no limit. */
export function podHeapFlag(values: string): string {
  const { limits } = memoryLimit.parse(parse(values)).operator.resources;
  return `--max-old-space-size=${parseInt(limits.memory, 10) / 2}`;
}

const nodeFlags = ({ profileFolder }: Program): string[] => [
  ...imageNodeFlags(readFileSync(CONTAINERFILE, 'utf8')),
  podHeapFlag(readFileSync(VALUES, 'utf8')),
  ...(profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`]),
];

async function writeSettings(from: { folder: string; podName: string; settings: object | undefined }): Promise<string> {
  const [healthPort, metricsPort] = await freePorts(2);
  const settings = {
    runtimeImage: 'localhost/aimass/runtime:bench',
    namespace: OPERATOR_NAMESPACE,
    // Simulated pods have no metrics to read.
    figures: { enabled: false },
    healthPort,
    metricsPort,
    ...from.settings,
  };
  const file = join(from.folder, `${from.podName}.settings.json`);
  writeFileSync(file, JSON.stringify(settings));
  return file;
}

function expectRunning(child: ChildProcess, logPath: string): void {
  if (child.exitCode === null && child.signalCode === null) return;
  throw new Error(`the operator ended with ${child.exitCode ?? child.signalCode}; ${logEnd(logPath)}`);
}

/** The end of the newest operator's log, for when a measurement fails. */
export const lastOperatorWords = (): string => (newestLog === undefined ? '' : logEnd(newestLog));

const logEnd = (logPath: string) =>
  `its last words:\n${readFileSync(logPath, 'utf8').split('\n').slice(-15).join('\n')}`;

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => {
    child.once('exit', resolve);
  });
  child.kill('SIGTERM');
  const insist = setTimeout(() => child.kill('SIGKILL'), 20_000);
  await ended;
  clearTimeout(insist);
}
