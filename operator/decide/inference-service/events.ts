import type { InferenceServiceStatus } from '../../../crds/schema/inference-service.ts';
import { ConditionType, ServiceReason } from '../../../crds/schema/reasons.ts';
import { findCondition } from '../conditions.ts';

/** An event about the service, in the form that the cluster records. */
export interface ServiceEvent {
  type: 'Normal' | 'Warning';
  reason: string;
  action: string;
  note: string;
}

type Check = (was: InferenceServiceStatus, is: InferenceServiceStatus) => ServiceEvent | undefined;

const readyOf = ({ conditions }: InferenceServiceStatus) => findCondition(conditions, ConditionType.Ready);

const serving: Check = (was, is) =>
  becomes(ServiceReason.Serving, was, is)
    ? { type: 'Normal', reason: 'Serving', action: 'Serve', note: readyOf(is)?.message ?? '' }
    : undefined;

const suspended: Check = (was, is) =>
  becomes(ServiceReason.Suspended, was, is)
    ? { type: 'Normal', reason: 'Suspended', action: 'Suspend', note: readyOf(is)?.message ?? '' }
    : undefined;

const becomes = (reason: string, was: InferenceServiceStatus, is: InferenceServiceStatus): boolean =>
  readyOf(is)?.reason === reason &&
  readyOf(is)?.status === 'True' &&
  !(readyOf(was)?.reason === reason && readyOf(was)?.status === 'True');

/** A new revision takes over: not a failure, although the wanted revision is not ready for a moment. */
const rollingOut: Check = (was, is) =>
  wantedName(was) !== undefined && wantedName(was) !== wantedName(is) && wantedName(is) !== undefined
    ? {
        type: 'Normal',
        reason: 'RollingOut',
        action: 'RollOut',
        note: `Revision ${wantedName(is)} replaces ${wantedName(was)}.`,
      }
    : undefined;

const wantedName = ({ revisions }: InferenceServiceStatus): string | undefined => revisions?.[0]?.name;

const stalled: Check = (was, is) => {
  const now = findCondition(is.conditions, ConditionType.Stalled);
  const before = findCondition(was.conditions, ConditionType.Stalled);
  return now === undefined || before?.reason === now.reason
    ? undefined
    : { type: 'Warning', reason: now.reason, action: 'Reconcile', note: now.message };
};

const notServing: Check = (was, is) =>
  readyOf(was)?.reason === ServiceReason.Serving && readyOf(was)?.status === 'True' && readyOf(is)?.status === 'False'
    ? { type: 'Warning', reason: 'NotServing', action: 'Serve', note: readyOf(is)?.message ?? '' }
    : undefined;

/** The daily way to Ready: not worth an event each time that a Model and its services are applied together. */
const USUAL: readonly string[] = [
  ServiceReason.Starting,
  ServiceReason.RollingOut,
  ServiceReason.ModelNotFound,
  ServiceReason.ModelNotVerified,
];

/** Something is missing that may still come by itself; who looks at the events should not find them empty. */
const waiting: Check = (was, is) => {
  const now = readyOf(is);
  return now?.status !== 'False' || USUAL.includes(now.reason) || readyOf(was)?.reason === now.reason
    ? undefined
    : { type: 'Warning', reason: now.reason, action: 'Reconcile', note: now.message };
};

const checks: readonly Check[] = [rollingOut, serving, suspended, stalled, notServing, waiting];

/** What happened, told once: the most important transition between two statuses. */
export function decideEvent(
  was: InferenceServiceStatus | undefined,
  is: InferenceServiceStatus,
): ServiceEvent | undefined {
  for (const check of checks) {
    const event = check(was ?? {}, is);
    if (event !== undefined) return event;
  }
  return undefined;
}
