import { residentBytes } from '../engine/process/process-usage.ts';

const CHECK_EVERY_MS = 50;
/** Killed by us at this share of the limit, before the kernel kills the whole container and the report with it. */
const SHARE_OF_LIMIT = 0.92;

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
