import { writeFileSync } from 'node:fs';
import { EngineError } from './engine/engine.ts';
import { ModelFailure } from './model-failure.ts';
import { PublishFailure } from './publish-failure.ts';
import { messageOf } from './error-shape.ts';

const MAX_BYTES = 4096;
const MAX_MESSAGE_CHARACTERS = 1500;

/** What the roles leave behind when they failed. */
export interface FailureReport {
  ok: false;
  reason: string;
  message: string;
  retryable: boolean;
}

/** A failure in the words of the contract. What nobody foresaw may pass by itself, so it is tried again. */
export function describeFailure(error: unknown, unforeseen: string): FailureReport {
  const failure = toFailure(error);
  const message = failure?.message ?? `An unforeseen failure: ${messageOf(error)}`;
  return {
    ok: false,
    reason: failure?.reason ?? unforeseen,
    message: message.slice(0, MAX_MESSAGE_CHARACTERS),
    retryable: failure?.retryable ?? true,
  };
}

const LOAD_REASONS = {
  unsupportedOperator: 'UnsupportedOperator',
  unsupportedType: 'UnsupportedType',
  invalidInput: 'LoadFailed',
  outOfMemory: 'OutOfMemory',
  killed: 'OutOfMemory',
  notBatchable: 'LoadFailed',
  crashed: 'LoadFailed',
  hung: 'LoadFailed',
  closed: 'LoadFailed',
  failed: 'LoadFailed',
} as const;

/** The engine's reasons in the words of a Model's conditions. */
function toFailure(error: unknown): ModelFailure | PublishFailure | undefined {
  if (error instanceof ModelFailure || error instanceof PublishFailure) return error;
  if (!(error instanceof EngineError)) return undefined;
  const remedy = error.kind === 'unsupportedOperator' ? ' Export the model with standard ONNX operators.' : '';
  return new ModelFailure(LOAD_REASONS[error.kind], `The model cannot be loaded: ${error.message}${remedy}`, {
    cause: error,
  });
}

/** One JSON object of at most 4,096 bytes: the longest list is cut short first, then the longest text. */
export function fitReport(report: Readonly<Record<string, unknown>>): string {
  let fitted = report;
  let text = JSON.stringify(fitted);
  while (Buffer.byteLength(text) > MAX_BYTES) {
    const key = longest(fitted, Array.isArray) ?? longest(fitted, (value) => typeof value === 'string');
    if (key === undefined) throw new RangeError('a report without lists and texts cannot be this long');
    const value = fitted[key] as string | unknown[];
    fitted = { ...fitted, [key]: value.slice(0, Math.floor(value.length / 2)) };
    text = JSON.stringify(fitted);
  }
  return text;
}

function longest(report: Readonly<Record<string, unknown>>, isKind: (value: unknown) => boolean): string | undefined {
  const candidates = Object.entries(report).filter(
    ([, value]) => isKind(value) && (value as { length: number }).length > 0,
  );
  return candidates.toSorted(([, a], [, b]) => JSON.stringify(b).length - JSON.stringify(a).length)[0]?.[0];
}

/** Writes the termination message where the kubelet reads it. */
export function writeTermination(file: string, report: Readonly<Record<string, unknown>>): void {
  try {
    writeFileSync(file, fitReport(report));
  } catch {
    // Outside of a pod there is no such file, and the log has the same.
  }
}
