import { soonest } from '../decide/soonest.ts';
import type { Next } from '../loop/controller.ts';

/** When a controller is to look again: at the earliest wish. */
export function lookAgain(...waits: readonly (number | undefined)[]): Next {
  const requeueAfterMs = soonest(...waits);
  return requeueAfterMs === undefined ? {} : { requeueAfterMs };
}
