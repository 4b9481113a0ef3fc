import type { Model } from '../../../crds/schema/model.ts';
import { decideConditions } from '../conditions.ts';
import type { Followed } from './follow.ts';
import { describeUse, type Outcome } from './outcome.ts';

/** What is reported of a Model that is not known to come from anywhere yet: what was verified before stays. */
export function waitingOutcome(
  model: Model,
  { verdict, againMs }: Followed & { kind: 'waiting' },
  { usedBy, now }: { usedBy: readonly string[]; now: Date },
): Outcome {
  const { candidate: _candidate, ...status } = model.status ?? {};
  const { generation } = model.metadata;
  const conditions = decideConditions(verdict, { previous: status.conditions, generation, now });
  return {
    status: {
      ...keptOf(status),
      ...describeUse({ usedBy }),
      conditions,
      ...(generation === undefined ? {} : { observedGeneration: generation }),
    },
    events: [],
    ...(againMs === undefined ? {} : { requeueAfterMs: againMs }),
  };
}

const keptOf = ({ current, lineage, history }: NonNullable<Model['status']>) => ({
  ...(current === undefined ? {} : { current }),
  ...(lineage === undefined ? {} : { lineage }),
  ...(history === undefined ? {} : { history }),
});
