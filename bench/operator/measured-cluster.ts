import { AuditLog } from './audit-log.ts';
import { OPERATOR_USER, startBenchCluster, type BenchCluster } from './cluster.ts';
import { lastOperatorWords } from './operator-process.ts';

/** Runs a measurement on a fresh control plane, which goes afterwards, also when it is interrupted. */
export async function onFreshCluster<T>(measure: (cluster: BenchCluster, audit: AuditLog) => Promise<T>): Promise<T> {
  const cluster = await startBenchCluster();
  const end = () => {
    void cluster.stop().finally(() => process.exit(130));
  };
  process.once('SIGINT', end).once('SIGTERM', end);
  try {
    return await measure(cluster, new AuditLog(cluster.plane.auditLogPath ?? '', OPERATOR_USER));
  } catch (error) {
    console.error(lastOperatorWords());
    throw error;
  } finally {
    process.off('SIGINT', end).off('SIGTERM', end);
    await cluster.stop();
  }
}
