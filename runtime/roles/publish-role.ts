import { createLog } from '../log.ts';
import { publishFolder } from '../repository/publish.ts';
import { publishSettings } from '../settings.ts';
import { describeFailure, writeTermination } from '../termination.ts';

/** Runs the publish role and gives the exit code. */
export async function runPublish(args: readonly string[]): Promise<number> {
  const { terminationLog, ...request } = publishSettings(args);
  const log = createLog('publish');
  const startedAt = performance.now();
  try {
    const published = await publishFolder(request);
    const seconds = Math.round(performance.now() - startedAt) / 1000;
    const report = { ok: true, ...published };
    log.info({ ...report, seconds }, 'artifact published');
    writeTermination(terminationLog, report);
    return 0;
  } catch (error) {
    const report = describeFailure(error, 'PublishFailed');
    log.error({ ...report, err: error }, 'artifact not published');
    writeTermination(terminationLog, { ...report });
    return report.retryable ? 1 : 2;
  }
}
