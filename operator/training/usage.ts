import { IDLE_CORES } from '../decide/training-job/progress/stall.ts';
import type { KubeObject } from '../kube/cluster.ts';
import { parseQuantity } from '../kube/quantity.ts';

/** What the metrics API says of a pod. */
export interface PodMetrics extends KubeObject {
  /** End of the window that was measured. */
  timestamp?: string;
  /** Its length, such as `15s`. */
  window?: string;
  containers?: { name: string; usage?: { cpu?: string; memory?: string } }[];
}

/** A measurement of one pod. */
export interface UsageSample {
  atMs: number;
  windowMs: number;
  cores: number;
  memoryBytes: number;
}

/** What a pod has used since it was first measured. */
export interface Usage {
  atMs: number;
  cores: number;
  cpuSeconds: number;
  /** Time that is measured. */
  seconds: number;
  peakMemoryBytes: number;
  /** When it last used the processor; when measuring began, if it never did. */
  busyAtMs: number;
}

/** Between measurements that are farther apart than that, nobody knows what was used. */
const LONGEST_GAP_MS = 300_000;
/** What was measured longer ago says nothing about now. */
const STALE_MS = 120_000;

/** Reads a measurement; undefined when it is none. */
export function toSample({ timestamp = '', window = '', containers = [] }: PodMetrics): UsageSample | undefined {
  const atMs = Date.parse(timestamp);
  if (Number.isNaN(atMs)) return undefined;
  const total = (name: 'cpu' | 'memory'): number =>
    containers.reduce((sum, { usage }) => sum + (parseQuantity(usage?.[name] ?? 0) ?? 0), 0);
  return { atMs, windowMs: windowMs(window), cores: total('cpu'), memoryBytes: total('memory') };
}

/** A duration as Go prints it: `15s`, `1m0.5s`. */
function windowMs(text: string): number {
  const [, minutes = '0', seconds = '0'] = /^(?:(\d{1,4})m)?(?:(\d{1,6}(?:\.\d{1,9})?)s)?$/.exec(text) ?? [];
  return (Number(minutes) * 60 + Number(seconds)) * 1000;
}

/** Adds a measurement: the cores count for the time since the one before, or for its own window. */
export function withUsage(usage: Usage | undefined, sample: UsageSample): Usage {
  const { atMs, cores, memoryBytes, windowMs: ownMs } = sample;
  const before = usage ?? { atMs: atMs - ownMs, cpuSeconds: 0, seconds: 0, peakMemoryBytes: 0, busyAtMs: atMs };
  if (atMs <= before.atMs) return { ...before, cores };
  const seconds = Math.min(atMs - before.atMs, LONGEST_GAP_MS) / 1000;
  return {
    atMs,
    cores,
    cpuSeconds: before.cpuSeconds + cores * seconds,
    seconds: before.seconds + seconds,
    peakMemoryBytes: Math.max(before.peakMemoryBytes, memoryBytes),
    busyAtMs: cores >= IDLE_CORES ? atMs : before.busyAtMs,
  };
}

/** When the pod was last seen to compute; undefined when it is not measured now. */
export const busyAtOf = (usage: Usage | undefined, nowMs: number): number | undefined =>
  usage === undefined || nowMs - usage.atMs > STALE_MS ? undefined : usage.busyAtMs;
