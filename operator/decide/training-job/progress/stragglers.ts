import { median } from './median.ts';
import type { WorkerSigns } from './stall.ts';

/** A worker that is behind the others. */
export interface Straggler {
  name: string;
  message: string;
}

const BEHIND_SHARE = 0.2;
const BEHIND_STEPS = 2;
const FEW_CORES_SHARE = 0.5;
/** Below this nobody computes, and shares say nothing. */
const BUSY_CORES = 0.1;

/** The workers that lag behind the median: in steps, or in use of the processor. `stepsPerSecond` is how fast the others are. */
export function decideStragglers(workers: readonly WorkerSigns[], stepsPerSecond = 0): Straggler[] {
  if (workers.length < 2) return [];
  const steps = comparableSteps(workers, stepsPerSecond);
  const middleStep = median([...steps.values()]);
  const middleCores = median(workers.flatMap(({ cores }) => cores ?? []));
  return workers.flatMap((worker) => {
    const step = steps.get(worker.name);
    const message =
      (step === undefined || middleStep === undefined ? undefined : lagWords(worker, step, middleStep)) ??
      (middleCores === undefined ? undefined : coresWords(worker, middleCores));
    return message === undefined ? [] : [{ name: worker.name, message }];
  });
}

/** Workers are not all read at the same moment: what one may have done since it was read counts for it. */
function comparableSteps(workers: readonly WorkerSigns[], stepsPerSecond: number): Map<string, number> {
  const newest = Math.max(...workers.map(({ stepReadAtMs }) => stepReadAtMs ?? 0));
  return new Map(
    workers.flatMap(({ name, step, stepReadAtMs = 0 }): [string, number][] =>
      step === undefined ? [] : [[name, step + ((newest - stepReadAtMs) / 1000) * stepsPerSecond]],
    ),
  );
}

function lagWords({ name, index, step = 0 }: WorkerSigns, comparable: number, middle: number): string | undefined {
  const behind = middle - comparable;
  if (behind <= BEHIND_STEPS || behind <= middle * BEHIND_SHARE) return undefined;
  return `Worker ${index} (pod ${name}) is at step ${round(step)}, the middle of the others at ${round(middle)}.`;
}

function coresWords({ name, index, cores }: WorkerSigns, middle: number): string | undefined {
  if (cores === undefined || middle < BUSY_CORES || cores >= middle * FEW_CORES_SHARE) return undefined;
  return `Worker ${index} (pod ${name}) uses ${cores.toFixed(2)} cores, the middle of all is ${middle.toFixed(2)}.`;
}

const round = (value: number): number => Math.round(value * 10) / 10;
