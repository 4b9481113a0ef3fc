import { readFileSync } from 'node:fs';

const CHECK_EVERY_MS = 50;
/** Killed by us at this share of the limit, before the kernel kills the whole container and the report with it. */
const SHARE_OF_LIMIT = 0.92;

function readNumber(file: string): number | undefined {
  try {
    const value = Number(readFileSync(file, 'utf8').trim());
    // Without a limit cgroup v1 shows a number beyond any machine, and v2 the word "max".
    return Number.isFinite(value) && value < 2 ** 60 ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The container's memory limit in bytes; undefined without one. */
export const containerMemoryLimit = (): number | undefined =>
  readNumber('/sys/fs/cgroup/memory.max') ?? readNumber('/sys/fs/cgroup/memory/memory.limit_in_bytes');

/** Resident memory of a process in bytes; 0 when it is gone. */
export function residentBytes(pid: number): number {
  try {
    const kibibytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(kibibytes ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** Who is watched, and what is done when it takes too much. */
export interface MemoryGuard {
  pid: number;
  limitBytes: number | undefined;
  onExceeded: (bytes: number) => void;
}

/** Watches a process and calls when it nears the container's limit; gives the function that ends the watch. */
export function guardMemory({ pid, limitBytes, onExceeded }: MemoryGuard): () => void {
  if (limitBytes === undefined) return () => {};
  const timer = setInterval(() => {
    const bytes = residentBytes(pid);
    if (bytes + residentBytes(process.pid) < limitBytes * SHARE_OF_LIMIT) return;
    clearInterval(timer);
    onExceeded(bytes);
  }, CHECK_EVERY_MS);
  return () => clearInterval(timer);
}
