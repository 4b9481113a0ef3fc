import { createLog } from '../log.ts';
import { ModelFailure } from '../model-failure.ts';
import { inspectModel } from '../onnx/inspect.ts';
import { inWordsOfData } from '../repository/data-words.ts';
import { fetchFolder } from '../repository/fetch-folder.ts';
import { fetchModel } from '../repository/fetch.ts';
import { fetchSettings } from '../settings.ts';
import { describeFailure, writeTermination } from '../termination.ts';

/** Files that the model itself names. What is not ONNX names none, and is for verification to refuse. */
async function weightsOf(modelPath: string): Promise<readonly string[]> {
  try {
    return (await inspectModel(modelPath)).externalLocations;
  } catch (error) {
    if (error instanceof ModelFailure) return [];
    throw error;
  }
}

/** Runs the fetch role and gives the exit code. */
export async function runFetch(args: readonly string[]): Promise<number> {
  const { terminationLog, isFolder, ...request } = fetchSettings(args);
  const what = request.isData ? 'data' : 'model';
  const log = createLog('fetch');
  const startedAt = performance.now();
  try {
    const { resolvedUri, ...fetched } = await (isFolder ? fetchFolder : fetchModel)({ ...request, weightsOf });
    const seconds = Math.round(performance.now() - startedAt) / 1000;
    const report = { ok: true, ...fetched, ...(resolvedUri !== undefined && { uri: resolvedUri }), seconds };
    log.info(report, `${what} fetched`);
    writeTermination(terminationLog, report);
    return 0;
  } catch (error) {
    const failure = describeFailure(error, 'SourceUnreachable');
    const report = request.isData ? { ...failure, message: inWordsOfData(failure.message) } : failure;
    log.error({ ...report, err: error }, `${what} not fetched`);
    writeTermination(terminationLog, { ...report });
    return report.retryable ? 1 : 2;
  }
}
