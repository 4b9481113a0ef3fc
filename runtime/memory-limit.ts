import { readFileSync } from 'node:fs';

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
