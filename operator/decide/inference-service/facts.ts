import type { InferenceService } from '../../../crds/schema/inference-service.ts';
import type { Model } from '../../../crds/schema/model.ts';
import type {
  Autoscaler,
  CacheClaim,
  Deployment,
  DisruptionBudget,
  Pod,
  Revision,
} from '../../build/inference-service/children.ts';

/** Everything that a decision about an InferenceService may rest on. */
export interface ServiceFacts {
  service: InferenceService;
  model: Model | undefined;
  /** The frozen revisions, in any order. */
  revisions: readonly Revision[];
  deployment: Deployment | undefined;
  autoscaler: Autoscaler | undefined;
  disruptionBudget: DisruptionBudget | undefined;
  cacheClaim: CacheClaim | undefined;
  /** Pods of any revision that are not being deleted and have not ended. */
  pods: readonly Pod[];
  now: Date;
}

/** Why a service is not there yet: one reason for programs, one sentence for people. */
export interface Problem {
  reason: string;
  /** What is missing, who holds it, and what would help. */
  message: string;
  /** A person has to act. */
  stalled: boolean;
  /** When the verdict can change without anything happening in the cluster. */
  againInMs?: number;
}

/** What may pass by itself is left alone for a while; after that a person has to act. */
export const afterGrace = (sinceMs: number, graceMs: number): Pick<Problem, 'stalled' | 'againInMs'> =>
  sinceMs >= graceMs ? { stalled: true } : { stalled: false, againInMs: graceMs - sinceMs };
