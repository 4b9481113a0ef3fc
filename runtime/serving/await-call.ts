import { ApiError } from '../errors.ts';
import type { Call } from './call.ts';

const MAX_TIMER_MS = 2 ** 31 - 1;

/** Waits for something that others wait for as well, no longer than this call is wanted. */
export async function awaitForCall<T>(work: Promise<T>, call: Call | undefined): Promise<T> {
  if (call === undefined) return work;
  let timer: NodeJS.Timeout | undefined;
  const given = new Promise<never>((_resolve, reject) => {
    if (call.isCancelled) reject(cancelled());
    call.onCancel = () => reject(cancelled());
    if (call.deadlineAt === Infinity) return;
    const waitMs = Math.min(MAX_TIMER_MS, Math.max(0, call.deadlineAt - performance.now()));
    timer = setTimeout(() => reject(tooLate()), waitMs);
  });
  try {
    return await Promise.race([work, given]);
  } finally {
    clearTimeout(timer);
    call.onCancel = undefined;
  }
}

const cancelled = () => new ApiError('Cancelled', 'The request was cancelled while its model was loaded.');
const tooLate = () =>
  new ApiError(
    'DeadlineExceeded',
    'The model was not loaded in the time that the request gave; give it more time, or ask again.',
  );
