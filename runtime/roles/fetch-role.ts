import { createLog } from '../log.ts';
import { fetchModel } from '../repository/fetch.ts';
import { fetchSettings } from '../settings.ts';
import { describeFailure, writeTermination } from '../termination.ts';

/** Runs the fetch role and gives the exit code. */
export async function runFetch(args: readonly string[]): Promise<number> {
  const { terminationLog, ...request } = fetchSettings(args);
  const log = createLog('fetch');
  const startedAt = performance.now();
  try {
    const { digest, sizeBytes, cached } = await fetchModel(request);
    const seconds = Math.round(performance.now() - startedAt) / 1000;
    const report = { ok: true, digest, sizeBytes, cached, seconds };
    log.info(report, 'model fetched');
    writeTermination(terminationLog, report);
    return 0;
  } catch (error) {
    const report = describeFailure(error, 'SourceUnreachable');
    log.error({ ...report, err: error }, 'model not fetched');
    writeTermination(terminationLog, { ...report });
    return report.retryable ? 1 : 2;
  }
}
