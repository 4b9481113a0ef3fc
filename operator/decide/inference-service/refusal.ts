import type { InferenceService } from '../../../crds/schema/inference-service.ts';
import { ServiceReason } from '../../../crds/schema/reasons.ts';
import type { Child } from '../../build/child.ts';
import {
  isNamespaceEnding as saysNamespaceEnding,
  obstacleProblem as problemOf,
  TRY_AGAIN_MS,
  type Obstacle as WriteObstacle,
} from '../obstacle.ts';
import type { Problem } from '../problem.ts';

/** Why one of the objects of a service could not be made. */
export type Obstacle =
  | (WriteObstacle & { desired: Child })
  /** The golden examples of a revision that is to start are nowhere any more. */
  | { outcome: 'goldenLost'; model: string };

const words = { unowned: 'was not made by AI Mass', remedy: 'give the InferenceService another name' };

/** A namespace that is being deleted takes nothing new, and everything in it goes. */
export const isNamespaceEnding = (obstacle: Obstacle | undefined): boolean =>
  obstacle?.outcome === 'refused' && saysNamespaceEnding(obstacle.message);

/** The obstacle as a problem of the service of this name. */
export const obstacleProblem = (obstacle: Obstacle, service: InferenceService): Problem =>
  obstacle.outcome === 'goldenLost'
    ? goldenLost(obstacle.model)
    : problemOf(obstacle, { desired: obstacle.desired, parent: service, words });

const goldenLost = (model: string): Problem => ({
  reason: ServiceReason.ModelNotVerified,
  message: `The golden examples of Model "${model}" are missing; they are made again when the Model is verified again.`,
  stalled: false,
  againInMs: TRY_AGAIN_MS,
});
