import { EngineError } from '../engine/engine.ts';
import { ApiError } from '../errors.ts';
import { ModelFailure } from '../model-failure.ts';

/** What clients may know of a failure: what was foreseen is told; of anything else the log has the cause. */
export const tellable = (
  error: unknown,
  unforeseen = 'it failed unexpectedly; the log of the server has the cause',
): string =>
  error instanceof ModelFailure || error instanceof EngineError || error instanceof ApiError
    ? error.message
    : unforeseen;
