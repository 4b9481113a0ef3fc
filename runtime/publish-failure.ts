import type { TrainingReason } from '../crds/schema/reasons.ts';

/** Why publishing can fail. */
export type PublishReason = Extract<
  TrainingReason,
  'RegistryUnreachable' | 'RegistryForbidden' | 'RegistryFull' | 'PublishFailed' | 'OutputMissing'
>;

const PASSES_BY_ITSELF: ReadonlySet<PublishReason> = new Set(['RegistryUnreachable', 'RegistryFull']);

/** Why an artifact could not be published, in the words that end up in the conditions of a TrainingJob. */
export class PublishFailure extends Error {
  readonly reason: PublishReason;
  readonly retryable: boolean;
  /** What the registry asks to wait before it is tried again. */
  readonly retryAfterMs: number | undefined;

  constructor(reason: PublishReason, message: string, options: { cause?: unknown; retryAfterMs?: number } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'PublishFailure';
    this.reason = reason;
    this.retryable = PASSES_BY_ITSELF.has(reason);
    this.retryAfterMs = options.retryAfterMs;
  }
}
