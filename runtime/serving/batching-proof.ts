import type { Session } from '../engine/engine.ts';
import { isFloat } from '../protocol/datatype.ts';
import { fromFloat16Bits } from '../protocol/float16.ts';
import type { Tensor, TensorData, TensorSpec } from '../protocol/tensor.ts';

/** Rows of the trial run. */
const TRIAL_ROWS = 4;
/** A batch is worth it when its run takes less than this share of the runs one by one. */
const WORTH_IT = 0.75;
/** A model slower than this gains nothing on a CPU, and trying it would delay the start. */
const MAX_TRIAL_MS = 50;
/** Small models are run often enough for a busy machine to have a quiet moment. */
const MIN_TRIALS = 3;
const MAX_TRIALS = 100;
const TRIAL_MS = 25;
const TOLERANCE = { relative: 1e-3, absolute: 1e-4 };

/** Whether requests may share a run, and why not. */
export interface BatchingVerdict {
  isRight: boolean;
  isFaster: boolean;
  reason: string;
}

/** True when the graph leaves the first size of every input and output open. */
export const hasOpenBatch = (inputs: readonly TensorSpec[], outputs: readonly TensorSpec[]): boolean =>
  inputs.length > 0 && [...inputs, ...outputs].every(({ shape }) => shape[0] === -1);

/**
 * Tries whether rows that are run together give what they give alone, and whether it is faster. Not every graph whose
 * first size is open is made of rows: one may normalise over the batch. So it is shown, not assumed.
 */
export async function proveBatching(session: Session, sample: readonly Tensor[]): Promise<BatchingVerdict> {
  const no = (reason: string, isRight = false): BatchingVerdict => ({ isRight, isFaster: false, reason });
  if (!hasOpenBatch(session.inputs, session.outputs)) return no('an input or output has a fixed first size');
  if (sample.some(({ shape }) => shape[0] !== 1)) return no('the golden request has more than one row');
  const other = sample.map(vary);
  if (other.every((tensor, index) => isSame(tensor.data, sample[index]?.data)))
    return no('the golden request does not vary, so that nothing can be shown');
  const names = session.outputs.map(({ name }) => name);
  const alone = await timed(() => session.runBatch([sample], names));
  const otherAlone = await timed(() => session.runBatch([other], names));
  const aloneMs = Math.min(alone.ms, otherAlone.ms);
  if (aloneMs > MAX_TRIAL_MS) return no(`a run takes ${Math.round(aloneMs)} ms`);
  const trial = Array.from({ length: TRIAL_ROWS }, (_, row) => (row % 2 === 0 ? sample : other));
  const together = await timed(() => session.runBatch(trial, names));
  const isRight = together.value.answers.every((answer, row) =>
    isCloseTo(answer, (row % 2 === 0 ? alone : otherAlone).value.answers[0] ?? []),
  );
  if (!isRight) return no('rows that run together do not give what they give alone');
  const fastest = await fastestRun(() => session.runBatch(trial, names));
  const fastestAlone = await fastestRun(() => session.runBatch([sample], names));
  const isFaster = fastest < TRIAL_ROWS * fastestAlone * WORTH_IT;
  return { isRight, isFaster, reason: isFaster ? 'shown at the start' : 'rows that run together are not faster' };
}

async function timed<T>(run: () => Promise<T>): Promise<{ value: T; ms: number }> {
  const startedAt = performance.now();
  const value = await run();
  return { value, ms: performance.now() - startedAt };
}

/** The fastest of some runs: what else the machine does only makes a run slower. */
async function fastestRun(run: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  let fastest = Infinity;
  for (
    let count = 0;
    count < MIN_TRIALS || (count < MAX_TRIALS && performance.now() - startedAt < TRIAL_MS);
    count += 1
  )
    fastest = Math.min(fastest, (await timed(run)).ms);
  return fastest;
}

/** Another input that is as valid as the first: the same elements the other way round, or, where all are the same, shifted a little. */
function vary(tensor: Tensor): Tensor {
  const { data } = tensor;
  const isConstant = data.every((value: unknown) => value === data[0]);
  return { ...tensor, data: isConstant ? shifted(tensor) : (data.slice().reverse() as TensorData) };
}

/** Made-up inputs are constant: 0.5, 0, true or "a". Their neighbours 0.25 to 0.75, 1 and "b" suit where they suit. */
function shifted({ datatype, data }: Tensor): TensorData {
  if (Array.isArray(data)) return data.map((text, index) => (index % 2 === 0 ? 'b' : text));
  if (datatype === 'FP32' || datatype === 'FP64')
    return (data as Float32Array).map((value, index) => value + ((index % 5) - 2) / 8);
  if (datatype === 'INT64' || datatype === 'UINT64')
    return (data as BigInt64Array).map((value, index) => (value === 0n && index % 2 === 0 ? 1n : value));
  if (datatype === 'BOOL' || datatype === 'FP16') return data;
  return (data as Int32Array).map((value, index) => (value === 0 && index % 2 === 0 ? 1 : value));
}

const isSame = (a: TensorData, b: TensorData | undefined): boolean =>
  b !== undefined && a.every((value: unknown, index: number) => value === b[index]);

function isCloseTo(got: readonly Tensor[], want: readonly Tensor[]): boolean {
  return got.every((tensor, at) => {
    const other = want[at];
    if (other === undefined || tensor.data.length !== other.data.length) return false;
    const number = (value: unknown) => (tensor.datatype === 'FP16' ? fromFloat16Bits(Number(value)) : Number(value));
    for (let index = 0; index < tensor.data.length; index += 1) {
      const [a, b] = [tensor.data[index], other.data[index]];
      if (a === b) continue;
      if (!isFloat(tensor.datatype)) return false;
      const [x, y] = [number(a), number(b)];
      const bothNaN = Number.isNaN(x) && Number.isNaN(y);
      if (!bothNaN && !(Math.abs(x - y) <= TOLERANCE.absolute + TOLERANCE.relative * Math.abs(y))) return false;
    }
    return true;
  });
}
