/** An epoch, as a program tells it. */
export interface EpochMark {
  number: number;
  /** How many there are. */
  of?: number;
  /** It goes on now, and has not ended. */
  isRunning: boolean;
  /** Whether the format is known to count from 0 or not. Otherwise that shows when 0 is seen. */
  isFromZero?: boolean;
}

/** A step, batch or round, as a program tells it. */
export interface StepMark {
  number: number;
  /** How many there are. */
  of?: number;
  /** whole: of all steps. part: of this epoch. unclear: its neighbours tell. bar: a progress bar, of whatever. */
  scope: 'whole' | 'part' | 'unclear' | 'bar';
}

/** What one line says about the training. */
export interface Reading {
  epoch?: EpochMark;
  step?: StepMark;
  /** Finite values by name. */
  metrics: Readonly<Record<string, number>>;
  /** Values that are no numbers, as `NaN` or `infinite`. */
  odd?: Readonly<Record<string, string>>;
}

/** What may be asked of a line besides what is known to all. */
export interface LineOptions {
  /** Names of metrics that count even though nothing else marks them as such, in canonical form. */
  wanted: ReadonlySet<string>;
}

/** The marks of a reading, without those that are not known. */
export const marks = (epoch: EpochMark | undefined, step: StepMark | undefined): Pick<Reading, 'epoch' | 'step'> => ({
  ...(epoch === undefined ? {} : { epoch }),
  ...(step === undefined ? {} : { step }),
});

/** How many there are, if that is known. */
export const total = (of: number | undefined): { of?: number } =>
  of !== undefined && of > 0 && Number.isFinite(of) ? { of } : {};

const NUMBER = /^[-+]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][-+]?\d{1,3})?$/;
const NOT_A_NUMBER = /^[-+]?nan$/i;
const INFINITE = /^[-+]?inf(?:inity)?$/i;

/** Reads a value: a number, NaN or an infinity; undefined when it is none. */
export function parseValue(text: string): number | undefined {
  if (NUMBER.test(text)) return Number(text);
  if (NOT_A_NUMBER.test(text)) return NaN;
  return INFINITE.test(text) ? Infinity : undefined;
}

/** Gathers the values of a line, with those apart that are no numbers. */
export class Values {
  readonly #metrics: Record<string, number> = {};
  readonly #odd: Record<string, string> = {};

  /** Adds a value, whatever it is. */
  add(name: string, value: number): void {
    if (Number.isFinite(value)) this.#metrics[name] = value;
    else this.#odd[name] = Number.isNaN(value) ? 'NaN' : 'infinite';
  }

  /** Whether a value was added. */
  get isEmpty(): boolean {
    return Object.keys(this.#metrics).length === 0 && Object.keys(this.#odd).length === 0;
  }

  /** The part of a reading that they are. */
  toReading(): Pick<Reading, 'metrics' | 'odd'> {
    return { metrics: this.#metrics, ...(Object.keys(this.#odd).length === 0 ? {} : { odd: this.#odd }) };
  }
}
