import type { Model } from '../../../crds/schema/model.ts';
import type { Cluster, KubeObject } from '../../kube/cluster.ts';
import { keyOf, MODEL } from './deps.ts';
import { turnOf, type VerificationLine } from './line.ts';

/** After a start: who verifies already, and who waits since when, so that nobody jumps the line. */
export function restoreLine(line: VerificationLine, cluster: Cluster): void {
  for (const { metadata, status } of cluster.list<Model & KubeObject>(MODEL)) {
    const { phase, specHash, startedAt = '' } = status?.candidate ?? {};
    const goal = status?.current?.specHash === specHash ? 'verifyAgain' : 'verify';
    if (phase === 'Verifying') line.hold(keyOf(metadata));
    if (phase === 'Pending') line.join(keyOf(metadata), turnOf(goal, startedAt));
  }
}
