import type { Condition } from '../../crds/schema/shared.ts';
import { ConditionType } from '../../crds/schema/reasons.ts';

/** What a decision says of an object; the conditions follow from it. */
export interface Verdict {
  ready: 'True' | 'False' | 'Unknown';
  reason: string;
  message: string;
  /** What else is the case. One field: work that goes on by itself and work for a person are never both reported. */
  besides?: Besides;
}

/** The condition beside Ready: work goes on (Reconciling), or a person has to act (Stalled). */
export interface Besides {
  type: typeof ConditionType.Reconciling | typeof ConditionType.Stalled;
  /** Its own words; those of Ready when there are none. */
  words?: { reason: string; message: string };
}

/** Work goes on; Ready has the words. */
export const RECONCILING: Besides = { type: ConditionType.Reconciling };
/** A person has to act; Ready has the words. */
export const STALLED: Besides = { type: ConditionType.Stalled };

/** When and for which generation conditions are decided, and what they were before. */
export interface ConditionContext {
  previous: readonly Condition[] | undefined;
  generation: number | undefined;
  now: Date;
}

/** What a condition says, before it is known when that began. */
type Words = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

/** The conditions of the status contract: Ready always, Reconciling and Stalled only while true; then those of the kind. */
export function decideConditions(
  verdict: Verdict,
  context: ConditionContext,
  others: readonly Words[] = [],
): Condition[] {
  const wanted: Words[] = [
    { type: ConditionType.Ready, status: verdict.ready, reason: verdict.reason, message: verdict.message },
    ...(verdict.besides === undefined ? [] : [describeBesides(verdict.besides, verdict)]),
    ...others,
  ];
  return wanted.map((condition) => withTimes(condition, context));
}

const describeBesides = ({ type, words }: Besides, { reason, message }: Verdict) =>
  ({ type, status: 'True', reason, message, ...words }) as const;

/** lastTransitionTime moves only when the status flips. */
function withTimes(condition: Words, context: ConditionContext): Condition {
  const before = context.previous?.find((previous) => previous.type === condition.type);
  const lastTransitionTime =
    before !== undefined && before.status === condition.status
      ? before.lastTransitionTime
      : `${context.now.toISOString().slice(0, 19)}Z`;
  return {
    ...condition,
    ...(context.generation === undefined ? {} : { observedGeneration: context.generation }),
    lastTransitionTime,
  };
}

/** Finds a condition by type. */
export const findCondition = (conditions: readonly Condition[] | undefined, type: string): Condition | undefined =>
  conditions?.find((condition) => condition.type === type);
