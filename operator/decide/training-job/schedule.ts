import { Cron } from 'croner';
import type { TrainingJobSpec } from '../../../crds/schema/training-job.ts';
import { addDuration } from '../times.ts';
import { isFinished, type Life } from './life.ts';

type Schedule = NonNullable<TrainingJobSpec['schedule']>;

const HOUR_MS = 3_600_000;
/** How far back to look for the last time that was missed, so that a cron of each minute is not walked through for a year. */
const WINDOWS_MS = [HOUR_MS, 24 * HOUR_MS, 32 * 24 * HOUR_MS, 367 * 24 * HOUR_MS];

/** The pattern with its time zone; throws when one of them is not valid. */
export const cronOf = ({ cron, timeZone }: Schedule): Cron =>
  new Cron(cron, { timezone: timeZone, mode: '5-part', paused: true });

/** The time of the schedule for which a run is due now; several that were missed count as one, the last. */
export function dueRun(schedule: Schedule | undefined, life: Life, now: Date): Date | undefined {
  if (schedule === undefined || life.run === undefined) return undefined;
  if (!isFinished(life) && schedule.concurrencyPolicy === 'Forbid') return undefined;
  const due = lastTime(cronOf(schedule), sinceOf(life), now);
  const { startingDeadline } = schedule;
  const isLate = due !== undefined && startingDeadline !== undefined && addDuration(due, startingDeadline) < now;
  return isLate ? undefined : due;
}

/** When the schedule is due next; what is due while a run goes on counts for Replace only. */
export const nextRun = (schedule: Schedule | undefined, now: Date): Date | undefined =>
  schedule === undefined ? undefined : (cronOf(schedule).nextRun(now) ?? undefined);

/** What was due before the run began or, under Forbid, while it went on, has had its chance. */
function sinceOf({ run }: Life): Date {
  const times = [run?.startedAt, run?.scheduledFor, run?.finishedAt].flatMap((time) =>
    time === undefined ? [] : [time],
  );
  return new Date(Math.max(...times.map((time) => new Date(time).getTime())));
}

function lastTime(cron: Cron, since: Date, now: Date): Date | undefined {
  for (const windowMs of WINDOWS_MS) {
    const from = new Date(Math.max(since.getTime(), now.getTime() - windowMs));
    const last = lastOf(cron, from, now);
    if (last !== undefined) return last;
  }
  return undefined;
}

function lastOf(cron: Cron, from: Date, now: Date): Date | undefined {
  let last: Date | undefined;
  for (let next = cron.nextRun(from); next !== null && next <= now; next = cron.nextRun(next)) last = next;
  return last;
}
