import { lookup } from 'node:dns/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLog } from '../log.ts';
import { meetSettings } from '../settings.ts';
import { writeTermination } from '../termination.ts';

/** How long names of pods need to get into the DNS: one that is asked for too early is denied for seconds. */
const HEAD_START_MS = 1500;
const PAUSE_MS = 500;

/** Whether a name can be found. */
export type IsThere = (host: string) => Promise<boolean>;

/** The names that cannot be found, once so many others can or the time is up. */
export async function awaitHosts(
  { hosts, min, timeoutMs }: { hosts: readonly string[]; min: number; timeoutMs: number },
  { isThere, pause }: { isThere: IsThere; pause: (ms: number) => Promise<unknown> },
): Promise<{ met: boolean; missing: string[] }> {
  await pause(HEAD_START_MS);
  for (let waited = HEAD_START_MS; ; waited += PAUSE_MS) {
    const found = await Promise.all(hosts.map(async (host) => ((await isThere(host)) ? undefined : host)));
    const missing = found.filter((host) => host !== undefined);
    // The first of the workers is the one that all others call.
    const met = hosts.length - missing.length >= min && !missing.includes(hosts[0] ?? '');
    if (met || waited >= timeoutMs) return { met, missing };
    await pause(PAUSE_MS);
  }
}

const isInDns: IsThere = (host) =>
  lookup(host).then(
    () => true,
    () => false,
  );

/** Runs the meet role: waits until the workers of a training can find each other. Gives the exit code. */
export async function runMeet(args: readonly string[]): Promise<number> {
  const { terminationLog, ...wanted } = meetSettings(args);
  const log = createLog('meet');
  const { met, missing } = await awaitHosts(wanted, { isThere: isInDns, pause: sleep });
  const report = met
    ? { ok: true, workers: wanted.hosts.length - missing.length }
    : {
        ok: false,
        reason: 'StartTimeout',
        message: `${missing.length} of ${wanted.hosts.length} workers could not be found within ${wanted.timeoutMs / 1000} seconds: ${missing.slice(0, 5).join(', ')}`,
        retryable: true,
      };
  log.info(report, met ? 'the workers can find each other' : 'workers are missing');
  writeTermination(terminationLog, report);
  return met ? 0 : 1;
}
