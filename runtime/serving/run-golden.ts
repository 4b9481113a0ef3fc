import type { Session } from '../engine/engine.ts';
import { EngineError } from '../engine/engine.ts';
import { ModelFailure } from '../model-failure.ts';
import { findMismatch, mismatchFailure } from '../protocol/compare-golden.ts';
import { generateInputs } from '../protocol/generated-input.ts';
import type { PreparedExample } from '../protocol/golden.ts';
import { messageOf } from '../error-shape.ts';

/** As much of a session as a golden request needs. */
export type GoldenSession = Pick<Session, 'inputs' | 'outputs' | 'run'>;

/** Runs one golden example and throws when the answer is not what it says. */
export async function runGolden(
  session: GoldenSession,
  { example, inputs, outputNames }: PreparedExample,
): Promise<void> {
  const outputs = await session.run(inputs, outputNames).catch((error: unknown) => {
    throw describeFailedRun(error, `golden example "${example.name}"`);
  });
  const mismatch = findMismatch(example, outputs);
  if (mismatch !== undefined) throw mismatchFailure(example, mismatch);
}

/** Runs a model on made-up input; proves only that it runs. */
export async function runGenerated(session: GoldenSession): Promise<void> {
  try {
    await session.run(
      generateInputs(session.inputs),
      session.outputs.map(({ name }) => name),
    );
  } catch (error) {
    throw new ModelFailure(
      'GoldenMissing',
      `There are no golden examples, and the model cannot be run on made-up input (${messageOf(error)}). Give golden examples in spec.verification.golden or as golden.json in the artifact.`,
      { cause: error },
    );
  }
}

const RUN_REASONS = {
  invalidInput: 'GoldenInvalid',
  outOfMemory: 'OutOfMemory',
  killed: 'OutOfMemory',
  notBatchable: 'GoldenMismatch',
  crashed: 'GoldenMismatch',
  hung: 'GoldenMismatch',
  closed: 'GoldenMismatch',
  unsupportedOperator: 'UnsupportedOperator',
  unsupportedType: 'UnsupportedType',
  failed: 'GoldenMismatch',
} as const;

function describeFailedRun(error: unknown, what: string): unknown {
  if (!(error instanceof EngineError)) return error;
  return new ModelFailure(RUN_REASONS[error.kind], `The model failed on ${what}: ${error.message}`, { cause: error });
}
