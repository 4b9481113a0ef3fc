import { readFile } from 'node:fs/promises';
import { residentBytes } from './process-usage.ts';

/**
 * Memory of a process in bytes, with what it shares divided among those who share it: the sum over several processes is
 * what they take together, which resident memory overstates by 70 MiB each. Where the kernel does not tell, resident memory.
 * Costs some milliseconds of the kernel's time, on a thread of Node's, so the server does not wait.
 */
export async function proportionalBytes(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  const kibibytes = /^Pss:\s+(\d+) kB/m.exec(text)?.[1];
  return kibibytes === undefined ? residentBytes(pid) : Number(kibibytes) * 1024;
}
