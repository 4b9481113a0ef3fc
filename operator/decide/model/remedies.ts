import { ModelReason } from '../../../crds/schema/reasons.ts';

/** What a person can do about a failure; where the report already says it, nothing is added. */
const REMEDIES: Readonly<Record<string, string>> = {
  [ModelReason.GoldenMissing]: 'Create it, or remove spec.verification.golden.',
  [ModelReason.SourceNotFound]: 'Correct spec.source.uri, or put the model there.',
  [ModelReason.SourceForbidden]: 'Give a Secret that may read it in spec.credentials.',
  [ModelReason.SourceUnreachable]:
    'Check the host in spec.source.uri and what the network lets the verification pod reach.',
  [ModelReason.SourceTimeout]:
    'Check the host in spec.source.uri; the platform team sets the time limit (fetch.timeoutSeconds).',
  [ModelReason.SourceTooLarge]: 'Raise spec.source.maxSize if the model is meant to be so large.',
  [ModelReason.SourceRedirectLoop]: 'Correct spec.source.uri.',
  [ModelReason.DigestMismatch]: 'Correct spec.sha256, or upload the right file.',
  [ModelReason.StorageFull]: 'Raise spec.source.maxSize, or free space on the node.',
  [ModelReason.NotOnnx]: 'Export the model to ONNX, and check that spec.source.uri names the file itself.',
  [ModelReason.EmptyFile]: 'Upload the file again.',
  [ModelReason.TaskMismatch]: 'Correct spec.task, or export the model with the tensors of that task.',
  [ModelReason.GoldenInvalid]: 'Correct the golden examples.',
  [ModelReason.GoldenMismatch]: 'Check the model and its golden examples against each other.',
  [ModelReason.LimitExceeded]: 'Raise spec.verification.limits, or make the model smaller.',
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

/** Ends with a full stop. */
export const asSentence = (text: string): string => (/[.!?…]$/.test(text.trim()) ? text.trim() : `${text.trim()}.`);
