import type { ModelSpec } from '../../../crds/schema/model.ts';
import { shortHash } from '../naming.ts';

/** What a verification stands for: everything of the spec but the card and the schedule, which change nothing about the result. */
export function specHash({ card: _card, verification, ...spec }: ModelSpec): string {
  const { every: _every, ...settings } = verification ?? {};
  return shortHash({ ...spec, verification: settings });
}
