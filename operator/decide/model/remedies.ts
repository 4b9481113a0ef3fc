import { asSentence } from '../words.ts';
import { ModelReason } from '../../../crds/schema/reasons.ts';

/** What a person can do about a failure. Reports of the runtime mostly say it themselves; these are the others. */
const REMEDIES: Readonly<Record<string, string>> = {
  [ModelReason.GoldenMissing]: 'Create it, or remove spec.verification.golden.',
  [ModelReason.SourceUnreachable]:
    'Check the host in spec.source.uri, and what the network lets the verification pod reach.',
  [ModelReason.SourceTimeout]:
    'Check the host in spec.source.uri, and the time limit of the platform (fetch.timeoutSeconds).',
  [ModelReason.OutOfMemory]: 'Raise spec.verification.resources.limits.memory.',
  [ModelReason.VerificationTimeout]:
    'Free what the pod waits for, or have the platform team raise verification.deadlineSeconds.',
  [ModelReason.VerificationCrashed]: 'See the logs of the verification pod; they are kept for ten minutes.',
};

/** The failure's message and what to do about it, as sentences. */
export function withRemedy(reason: string | undefined, message: string): string {
  const remedy = REMEDIES[reason ?? ''];
  return remedy === undefined ? asSentence(message) : `${asSentence(message)} ${remedy}`;
}
