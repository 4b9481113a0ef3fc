import { readdirSync, readFileSync } from 'node:fs';

// Linux counts CPU time in hundredths of a second for every program (USER_HZ).
const MS_PER_TICK = 10;

/** One process as /proc tells it. */
export interface ProcessStat {
  pid: number;
  parent: number;
  /** CPU time of the process and of its children that have ended. */
  cpuMs: number;
}

/** Reads the one line of /proc/PID/stat. */
export function parseStat(line: string): ProcessStat {
  // The program's name, in parentheses, may hold spaces: count fields behind it.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index] ?? 0), 0);
  return { pid: parseInt(line, 10), parent: Number(fields[1]), cpuMs: ticks * MS_PER_TICK };
}

/** A process and all that descend from it, parents first. */
export function treeOf(root: number, processes: readonly ProcessStat[]): ProcessStat[] {
  const found = processes.filter(({ pid }) => pid === root);
  for (const { pid } of found) found.push(...processes.filter(({ parent }) => parent === pid));
  return found;
}

const readOrEmpty = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

/** A process and its descendants as they are now; a process that has just ended is left out. */
export function processTree(root: number): ProcessStat[] {
  const lines = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => readOrEmpty(`/proc/${pid}/stat`));
  return treeOf(root, lines.filter((line) => line !== '').map(parseStat));
}

/** CPU time that a process and its descendants have used, in milliseconds. */
export const treeCpuMs = (root: number): number => processTree(root).reduce((sum, { cpuMs }) => sum + cpuMs, 0);

/** Memory of a process and its descendants, pages that they share counted once (PSS), in MiB. */
export function treeMemoryMiB(root: number): number {
  const kibibytes = processTree(root).map(({ pid }) =>
    Number(/^Pss:\s+(\d+) kB$/m.exec(readOrEmpty(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0),
  );
  return kibibytes.reduce((sum, value) => sum + value, 0) / 1024;
}
