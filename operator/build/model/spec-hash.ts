import type { SourcedModel } from '../../../crds/schema/model.ts';
import { shortHash } from '../naming.ts';

/** Annotation on a Model; any new value verifies it again, for changes that its spec does not show. */
export const VERIFY_AGAIN = 'aimass.dev/verifyAgain';

/** What a verification stands for: the spec without the card and the schedule, which change nothing about the result. */
export function specHash({ spec: { card: _card, verification, ...spec }, metadata }: SourcedModel): string {
  const { every: _every, ...settings } = verification ?? {};
  return shortHash({ ...spec, verification: settings, again: metadata.annotations?.[VERIFY_AGAIN] });
}
