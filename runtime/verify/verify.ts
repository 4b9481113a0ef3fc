import { existsSync } from 'node:fs';
import path from 'node:path';
import { ModelFailure } from '../model-failure.ts';
import { checkExternalData } from '../onnx/external-data.ts';
import type { ModelFacts } from '../onnx/inspect.ts';
import { inspectModel } from '../onnx/inspect.ts';
import { findTaskMismatch } from '../protocol/task-contract.ts';
import { findCached, readFetched } from '../repository/cache.ts';
import type { Findings } from './messages.ts';
import { runChild } from './run-child.ts';
import { showBytes } from '../protocol/show-bytes.ts';

/** What the verify role is asked to do. */
export interface VerifyRequest {
  modelsDir: string;
  task: string;
  golden?: string | undefined;
  maxP99Ms?: number | undefined;
  maxMemoryBytes?: number | undefined;
  seconds: number;
  timeoutSeconds: number;
  entry: string;
  memoryLimitBytes?: number | undefined;
}

type GoldenSource = 'ConfigMap' | 'Artifact' | 'Generated';

/** Everything that was found out, also when the verification failed half-way. */
export interface Verification {
  facts?: ModelFacts;
  goldenSource?: GoldenSource;
  findings: Findings;
}

/** Verifies the model that the last fetch left; `verification` is filled on the way and is true also when this rejects. */
export async function verifyModel(request: VerifyRequest, verification: Verification): Promise<void> {
  const directory = await findFetched(request.modelsDir);
  const modelPath = path.join(directory, 'model.onnx');
  const facts = await inspectModel(modelPath);
  verification.facts = facts;
  await checkExternalData(directory, facts.externalLocations);
  const mismatch = findTaskMismatch(request.task, facts);
  if (mismatch !== undefined) throw new ModelFailure('TaskMismatch', mismatch);
  const { file, source } = findGolden(request.golden, directory);
  verification.goldenSource = source;
  await runChild({
    job: { modelPath, goldenFile: file, seconds: request.seconds },
    entry: request.entry,
    timeoutMs: request.timeoutSeconds * 1000,
    memoryLimitBytes: request.memoryLimitBytes,
    onFound: (findings) => Object.assign(verification.findings, findings),
  });
  checkLimits(request, verification.findings);
}

async function findFetched(modelsDir: string): Promise<string> {
  const fetched = await readFetched(modelsDir).catch((cause: unknown) => {
    throw new ModelFailure('ArtifactInvalid', 'There is no fetched model to verify.', { cause, retryable: true });
  });
  const cached = await findCached(modelsDir, fetched.digest);
  if (cached === undefined) {
    throw new ModelFailure('ArtifactInvalid', 'The fetched model is not whole in the cache.', { retryable: true });
  }
  return cached.path;
}

function findGolden(given: string | undefined, directory: string): { file: string | undefined; source: GoldenSource } {
  const inArtifact = path.join(directory, 'golden.json');
  if (given !== undefined) return { file: given, source: 'ConfigMap' };
  return existsSync(inArtifact) ? { file: inArtifact, source: 'Artifact' } : { file: undefined, source: 'Generated' };
}

function checkLimits({ maxP99Ms, maxMemoryBytes }: VerifyRequest, { latencyMs, memoryBytes }: Findings): void {
  const exceeded = [
    ...(maxP99Ms !== undefined && latencyMs !== undefined && latencyMs.p99 > maxP99Ms
      ? [`the 99th percentile of its latency is ${latencyMs.p99} ms, the limit ${maxP99Ms} ms`]
      : []),
    ...(maxMemoryBytes !== undefined && memoryBytes !== undefined && memoryBytes > maxMemoryBytes
      ? [`it took ${showBytes(memoryBytes)} of memory, the limit is ${showBytes(maxMemoryBytes)}`]
      : []),
  ];
  if (exceeded.length === 0) return;
  throw new ModelFailure(
    'LimitExceeded',
    `The model does not keep spec.verification.limits: ${exceeded.join('; ')}. Raise the limit or make the model faster or smaller.`,
  );
}
