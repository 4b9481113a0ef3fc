import { readFileSync } from 'node:fs';

// Linux counts in hundredths of a second (USER_HZ).
const MS_PER_TICK = 10;

/** Milliseconds that a core has been busy since the machine started, from the text of /proc/stat; stolen time counts too. */
export function busyMsOf(stat: string, core: string): number {
  const line = stat.split('\n').find((candidate) => candidate.startsWith(`cpu${core} `)) ?? '';
  const [user = 0, nice = 0, system = 0, , , interrupts = 0, softInterrupts = 0, stolen = 0] = line
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + interrupts + softInterrupts + stolen) * MS_PER_TICK;
}

/** Milliseconds that a core has been busy until now. */
export const busyMs = (core: string): number => busyMsOf(readFileSync('/proc/stat', 'utf8'), core);
