import { readFileSync } from 'node:fs';

// Linux counts CPU time in hundredths of a second for every program (USER_HZ).
const MS_PER_TICK = 10;

/** CPU time that a process has used since it started, in milliseconds; 0 when it is gone. */
export function cpuMs(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The program's name, in parentheses, may hold spaces: count fields behind it. 14 and 15 are user and system time.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
  } catch {
    return 0;
  }
}

/** The most memory that a process has had resident, in MiB. */
export function peakMemoryMiB(pid: number): number {
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(peak ?? 0) / 1024;
}
