import type { Condition } from '../../crds/schema/shared.ts';
import { ConditionType } from '../../crds/schema/reasons.ts';

/** What a decision says of an object; the conditions follow from it. */
export interface Verdict {
  ready: 'True' | 'False' | 'Unknown';
  reason: string;
  message: string;
  /** Work goes on: Reconciling is present. `reconciling` may carry its own words. */
  reconciling?: boolean | { reason: string; message: string };
  /** A person has to act: Stalled is present. */
  stalled?: boolean | { reason: string; message: string };
}

/** When and for which generation conditions are decided, and what they were before. */
export interface ConditionContext {
  previous: readonly Condition[] | undefined;
  generation: number | undefined;
  now: Date;
}

/** The conditions of the status contract: Ready always, Reconciling and Stalled only while true. */
export function decideConditions(verdict: Verdict, context: ConditionContext): Condition[] {
  const wanted: Omit<Condition, 'lastTransitionTime'>[] = [
    { type: ConditionType.Ready, status: verdict.ready, reason: verdict.reason, message: verdict.message },
    ...present(ConditionType.Reconciling, verdict.reconciling, verdict),
    ...present(ConditionType.Stalled, verdict.stalled, verdict),
  ];
  return wanted.map((condition) => withTimes(condition, context));
}

function present(
  type: string,
  flag: Verdict['reconciling'],
  verdict: Verdict,
): Omit<Condition, 'lastTransitionTime'>[] {
  if (flag === undefined || flag === false) return [];
  const words = flag === true ? { reason: verdict.reason, message: verdict.message } : flag;
  return [{ type, status: 'True', ...words }];
}

/** lastTransitionTime moves only when the status flips. */
function withTimes(condition: Omit<Condition, 'lastTransitionTime'>, context: ConditionContext): Condition {
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
