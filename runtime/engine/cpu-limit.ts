import { readFileSync } from 'node:fs';
import os from 'node:os';

function readNumbers(file: string): number[] {
  try {
    return readFileSync(file, 'utf8').trim().split(/\s+/).map(Number);
  } catch {
    return [];
  }
}

/** CPUs that a quota of `quota` per `period` stands for; undefined without a limit. */
export const cpusOfQuota = (quota: number | undefined, period: number | undefined): number | undefined =>
  quota !== undefined && period !== undefined && quota > 0 && period > 0 ? quota / period : undefined;

function cgroupCpus(): number | undefined {
  const [quota, period] = readNumbers('/sys/fs/cgroup/cpu.max');
  const [oldQuota] = readNumbers('/sys/fs/cgroup/cpu/cpu.cfs_quota_us');
  const [oldPeriod] = readNumbers('/sys/fs/cgroup/cpu/cpu.cfs_period_us');
  return cpusOfQuota(quota, period) ?? cpusOfQuota(oldQuota, oldPeriod);
}

/** Threads to compute with: the whole CPUs of the container's limit. onnxruntime itself sees only the machine's. */
export function computeThreads(limit = cgroupCpus(), available = os.availableParallelism()): number {
  return Math.max(1, Math.min(Math.floor(limit ?? available), available));
}
