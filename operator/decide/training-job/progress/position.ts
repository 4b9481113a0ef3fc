import type { EpochMark, Reading, StepMark } from '../log-lines/reading.ts';
import type { ProgressState, Steps } from './state.ts';

type Place = Pick<ProgressState, 'epoch' | 'firstEpoch' | 'part' | 'steps'>;

/** Where the training is after a reading. */
export function advance(state: ProgressState, { epoch, step }: Reading): Place {
  const place = epoch === undefined ? placeIn(state) : withEpoch(state, epoch);
  if (step === undefined) return place;
  const isNext = epoch !== undefined && isNextEpoch(state, epoch);
  return withStep(place, step, isNext);
}

const placeIn = ({ epoch, firstEpoch, part, steps }: ProgressState): Place => ({
  firstEpoch,
  ...(epoch === undefined ? {} : { epoch }),
  ...(part === undefined ? {} : { part }),
  ...(steps === undefined ? {} : { steps }),
});

/** A new epoch starts its own count of steps; one that has ended needs none. */
function withEpoch(state: ProgressState, epoch: EpochMark): Place {
  const { part, ...place } = placeIn(state);
  const isFromZero = epoch.isFromZero ?? epoch.number === 0;
  const keepsPart = part !== undefined && epoch.isRunning && !isNextEpoch(state, epoch);
  return {
    ...place,
    ...(keepsPart ? { part } : {}),
    epoch: { ...ofThat(state.epoch ?? {}), ...epoch },
    firstEpoch: isFromZero ? 0 : state.firstEpoch,
  };
}

const isNextEpoch = (state: ProgressState, epoch: EpochMark): boolean =>
  epoch.number > (state.epoch?.number ?? epoch.number);

function withStep(place: Place, step: StepMark, isNext: boolean): Place {
  const part = { number: step.number, ...ofThat(step) };
  if (step.scope === 'part') return { ...place, part };
  const steps = nextSteps(place.steps, step, isNext);
  return steps.isPart ? { ...place, steps, part } : { ...place, steps };
}

/** Steps that are told count more than a bar; of two bars the longer one counts the training, the other one something else. */
function nextSteps(known: Steps | undefined, step: StepMark, isNext: boolean): Steps {
  const source = step.scope === 'bar' ? 'bar' : 'told';
  const next: Steps = { number: step.number, ...ofThat(step), source, isPart: false };
  if (known === undefined) return next;
  if (known.source !== source) return source === 'told' ? next : known;
  return source === 'bar' ? nextBar(known, next) : nextTold(known, next, isNext);
}

/** A bar that starts over counts only a part. */
function nextBar(known: Steps, next: Steps): Steps {
  if (known.of !== next.of) return (next.of ?? 0) > (known.of ?? 0) ? next : known;
  return { ...next, isPart: known.isPart || next.number < known.number };
}

/** Steps may also go back because training went on from a checkpoint; only with a new epoch they start over. */
const nextTold = (known: Steps, next: Steps, isNext: boolean): Steps => ({
  ...ofThat(known),
  ...next,
  isPart: known.isPart || (isNext && next.number < known.number),
});

const ofThat = ({ of }: { of?: number }): { of?: number } => (of === undefined ? {} : { of });

/** How many epochs are done, with the share of the one that goes on. */
export function epochsDone({ epoch, firstEpoch, part }: Place): number | undefined {
  if (epoch === undefined) return undefined;
  const isFraction = !Number.isInteger(epoch.number);
  if (!epoch.isRunning) return epoch.number + (firstEpoch === 0 && !isFraction ? 1 : 0);
  return epoch.number - firstEpoch + shareOf(part);
}

const shareOf = (part: { number: number; of?: number } | undefined): number =>
  part?.of === undefined ? 0 : Math.min(1, part.number / part.of);

/** How much is done, from 0 to 1; undefined while nobody said how much there is. */
export function fractionOf(state: ProgressState): number | undefined {
  const { step, total } = placeOf(state);
  if (step === undefined || total === undefined) return undefined;
  return Math.min(1, Math.max(0, step / total));
}

/** How many steps or epochs are done, and of how many. Steps of the whole training say it best, then epochs. */
export function placeOf(state: ProgressState): PlaceOfAll {
  const { steps } = state;
  const whole = steps === undefined ? undefined : wholeSteps(state, steps);
  if (whole !== undefined) return whole;
  const done = epochsDone(state);
  if (done === undefined) return steps === undefined || steps.isPart ? {} : { step: steps.number };
  const epochs = epochsIn(state);
  return { step: withPart(state, done), ...(epochs === undefined ? {} : { total: epochs }) };
}

/** A place in the whole training. */
export interface PlaceOfAll {
  step?: number;
  total?: number;
}

function wholeSteps(state: ProgressState, steps: Steps): PlaceOfAll | undefined {
  const total = steps.of ?? state.options.totals?.steps;
  return total !== undefined && countsWhole(state, steps, total) ? { step: steps.number, total } : undefined;
}

const epochsIn = ({ epoch, options }: ProgressState): number | undefined => epoch?.of ?? options.totals?.epochs;

/** `epoch=3 epochs=10 step=45 steps=100`: steps of the whole would be at 200 at least in the third epoch. */
function countsWhole(state: ProgressState, { number, source, isPart }: Steps, total: number): boolean {
  const { epoch, firstEpoch } = state;
  const epochs = epochsIn(state);
  if (isPart) return false;
  if (epoch === undefined || epochs === undefined) return true;
  // Who tells how many epochs there are has a bar for each; the Hugging Face Trainer does not tell, and has one for all.
  if (source === 'bar' || !Number.isInteger(epoch.number)) return epoch.of === undefined;
  const before = (epoch.number - firstEpoch) / epochs;
  const share = number / total;
  return before > 0 && share > before * 0.95 && share <= before + 1.05 / epochs;
}

/** Steps that turn out to be those of the epoch tell how much of it is done. */
function withPart({ steps, epoch }: ProgressState, epochs: number): number {
  const isInside = steps?.source === 'told' && !steps.isPart && steps.of !== undefined;
  if (!isInside || !Number.isInteger(epochs)) return epochs;
  return epochs - (epoch?.isRunning === true ? 0 : 1) + shareOf(steps);
}
