import type { Tensor } from '../protocol/tensor.ts';
import type { Call } from './call.ts';

/** A request that waits for the engine. */
export interface Job {
  readonly inputs: readonly Tensor[];
  readonly outputNames: readonly string[];
  readonly rows: number;
  readonly bytes: number;
  readonly call: Call;
  readonly queuedAt: number;
  readonly resolve: (outputs: readonly Tensor[]) => void;
  readonly reject: (error: unknown) => void;
  /** Shares its run with nobody: its inputs have no common number of rows, or a run it shared has failed. */
  readonly isAlone: boolean;
  /** Answered already: the client left, or its time was up. */
  isSettled: boolean;
  /** Goes off when nobody waits any more. */
  timer?: NodeJS.Timeout;
}

/** True when two requests can share a run: the same outputs, and the same sizes beyond the first dimension. */
export function canShare(a: Job, b: Job): boolean {
  if (a.isAlone || b.isAlone) return false;
  if (a.outputNames.length !== b.outputNames.length) return false;
  for (let index = 0; index < a.outputNames.length; index += 1) {
    if (a.outputNames[index] !== b.outputNames[index]) return false;
  }
  for (let index = 0; index < a.inputs.length; index += 1) {
    if (!haveSameRows(a.inputs[index], b.inputs[index])) return false;
  }
  return true;
}

function haveSameRows(a: Tensor | undefined, b: Tensor | undefined): boolean {
  if (a === undefined || b === undefined || a.shape.length !== b.shape.length) return false;
  for (let axis = 1; axis < a.shape.length; axis += 1) if (a.shape[axis] !== b.shape[axis]) return false;
  return true;
}

/** True when every input says the same number of rows, which is what makes rows of it. */
export function haveOneRowCount(inputs: readonly Tensor[]): boolean {
  const rows = inputs[0]?.shape[0];
  return rows !== undefined && rows > 0 && inputs.every(({ shape }) => shape[0] === rows);
}

/** Gives a request its answer, once. */
export function settle(job: Job, answer: () => void): void {
  if (job.isSettled) return;
  job.isSettled = true;
  job.call.onCancel = undefined;
  clearTimeout(job.timer);
  answer();
}
