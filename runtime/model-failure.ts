import { ModelReason } from '../crds/schema/reasons.ts';

/** Failures that can pass without anybody changing anything, so that the operator tries again. */
const PASSES_BY_ITSELF: ReadonlySet<ModelReason> = new Set([
  ModelReason.SourceUnreachable,
  ModelReason.SourceTimeout,
  ModelReason.SourceTruncated,
  ModelReason.StorageFull,
]);

/** Why a model could not be fetched or verified, in the words that end up in the Model's conditions. */
export class ModelFailure extends Error {
  readonly reason: ModelReason;
  readonly retryable: boolean;

  constructor(reason: ModelReason, message: string, options: { cause?: unknown; retryable?: boolean } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ModelFailure';
    this.reason = reason;
    this.retryable = options.retryable ?? PASSES_BY_ITSELF.has(reason);
  }
}
