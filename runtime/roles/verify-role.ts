import { createLog } from '../log.ts';
import { verifySettings } from '../settings.ts';
import { describeFailure, writeTermination } from '../termination.ts';
import { containerMemoryLimit } from '../memory-limit.ts';
import type { Verification } from '../verify/verify.ts';
import { verifyModel } from '../verify/verify.ts';

const MAX_TENSORS = 64;
const MAX_RANK = 16;

/** Runs the verify role and gives the exit code. */
export async function runVerify(args: readonly string[]): Promise<number> {
  const { terminationLog, ...settings } = verifySettings(args);
  const log = createLog('verify');
  const verification: Verification = { findings: {} };
  const request = { ...settings, entry: process.argv[1] ?? '', memoryLimitBytes: containerMemoryLimit() };
  try {
    await verifyModel(request, verification);
    const report = { ok: true, ...describeVerification(verification) };
    log.info(report, 'model verified');
    writeTermination(terminationLog, report);
    return 0;
  } catch (error) {
    const failure = describeFailure(error, 'VerificationCrashed');
    const report = { ...failure, ...describeVerification(verification) };
    log.error({ ...report, err: error }, 'model not verified');
    writeTermination(terminationLog, report);
    return failure.retryable ? 1 : 2;
  }
}

/** The parts of the termination message that say what was found out. */
function describeVerification({ facts, goldenSource, findings }: Verification): Record<string, unknown> {
  const { golden, ...figures } = findings;
  const report = { ...(golden && goldenSource && { golden: { ...golden, source: goldenSource } }), ...figures };
  if (facts === undefined) return {};
  const { opset, producer, parameterCount } = facts;
  const tensors = (specs: typeof facts.inputs) =>
    specs
      .slice(0, MAX_TENSORS)
      .map(({ name, datatype, shape }) => ({ name: name.slice(0, 512), datatype, shape: shape.slice(0, MAX_RANK) }));
  return {
    format: 'onnx',
    opset,
    producer,
    parameterCount,
    ...(Object.keys(report).length > 0 && { report }),
    inputs: tensors(facts.inputs),
    outputs: tensors(facts.outputs),
  };
}
