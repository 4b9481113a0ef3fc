import { setTimeout as delay } from 'node:timers/promises';
import { PublishFailure } from '../publish-failure.ts';

const TRIES = 5;
const FIRST_DELAY_MS = 3000;
const MAX_DELAY_MS = 60_000;

/** How long to try again when a registry is away or overloaded. */
export interface PushPatience {
  tries?: number;
  /** Wait after the first failure, three times as long after each further one, up to a minute. */
  firstDelayMs?: number;
}

/** Tries again what can pass within a minute or two; what takes longer is for the next attempt of the stage. */
export async function tryPatiently<T>(
  { tries = TRIES, firstDelayMs = FIRST_DELAY_MS }: PushPatience,
  signal: AbortSignal | undefined,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (failures >= tries || signal?.aborted === true || !isPassing(error)) throw error;
      const wait = Math.max(firstDelayMs * 3 ** (failures - 1), error.retryAfterMs ?? 0);
      await delay(Math.min(wait, MAX_DELAY_MS), undefined, { signal }).catch(() => {
        throw error;
      });
    }
  }
}

const isPassing = (error: unknown): error is PublishFailure =>
  error instanceof PublishFailure && error.reason === 'RegistryUnreachable';
