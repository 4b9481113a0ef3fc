import { isNamespaceEnding, type Obstacle } from '../../decide/obstacle.ts';
import type { ApplyResult, KubeObject } from '../../kube/cluster.ts';

/** Why an object was not written; undefined when it was, or was there already. */
export function obstacleOf(result: ApplyResult<KubeObject>): Obstacle | undefined {
  switch (result.outcome) {
    case 'written':
    case 'unchanged':
      return undefined;
    case 'nameTaken':
      return { outcome: 'nameTaken', object: result.object };
    case 'refused':
      return { outcome: 'refused', reason: result.reason, message: result.message };
  }
}

/** Whether nothing can be written any more, and nothing has to be said about it. */
export const isOfEndingNamespace = (obstacle: Obstacle): boolean =>
  obstacle.outcome === 'refused' && isNamespaceEnding(obstacle.message);
