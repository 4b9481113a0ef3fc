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
