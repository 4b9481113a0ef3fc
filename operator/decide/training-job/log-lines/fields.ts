import { factsOf, type NameFacts, type PositionKind } from './names.ts';
import { marks, total, Values, type EpochMark, type LineOptions, type Reading, type StepMark } from './reading.ts';

/** A name and a value out of a line. */
export type Field = readonly [name: string, value: number];

/**
 * Makes a reading of named values. They are one when they tell a position or hold a metric that is known by its name or
 * is wanted: without that, `port=8080` would be a metric.
 */
export function readFields(
  fields: readonly Field[],
  options: LineOptions,
  known: Partial<Reading> = {},
): Reading | undefined {
  const { metrics, position } = sort(fields, options);
  const { epoch, step } = marks(epochOf(position, known.epoch), stepOf(position, known.step));
  const isPlaced = epoch !== undefined || step !== undefined;
  if (!isPlaced && !metrics.some(({ facts }) => isMetric(facts, options))) return undefined;
  const values = new Values();
  for (const { facts, value } of metrics) values.add(facts.metric, value);
  return { ...marks(epoch, step), ...values.toReading() };
}

const isMetric = (facts: NameFacts, { wanted }: LineOptions): boolean =>
  facts.isKnownMetric || wanted.has(facts.canonical);

interface Sorted {
  metrics: { facts: NameFacts; value: number }[];
  position: Position;
}

function sort(fields: readonly Field[], { wanted }: LineOptions): Sorted {
  const sorted: Sorted = { metrics: [], position: new Map() };
  for (const [name, value] of fields) {
    const facts = factsOf(name);
    if (facts.position === undefined) {
      if (!facts.isNoise || wanted.has(facts.canonical)) sorted.metrics.push({ facts, value });
    } else if (Number.isFinite(value)) sorted.position.set(facts.position, value);
  }
  return sorted;
}

type Position = Map<PositionKind, number>;

function epochOf(position: Position, known: EpochMark | undefined): EpochMark | undefined {
  const number = position.get('epoch') ?? known?.number;
  if (number === undefined) return undefined;
  const isRunning = known?.isRunning ?? position.has('batch');
  return { ...known, number, ...total(position.get('epochs')), isRunning };
}

function stepOf(position: Position, known: StepMark | undefined): StepMark | undefined {
  const mark = placeOf(position) ?? known;
  return mark === undefined ? undefined : { ...total(position.get('steps')), ...mark };
}

function placeOf(position: Position): StepMark | undefined {
  const whole = position.get('globalStep');
  if (whole !== undefined) return { number: whole, scope: 'whole' };
  const step = position.get('step');
  if (step !== undefined) return { number: step, scope: 'unclear' };
  const batch = position.get('batch');
  return batch === undefined ? undefined : { number: batch, ...total(position.get('batches')), scope: 'part' };
}
