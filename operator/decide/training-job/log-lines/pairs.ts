import { readFields, type Field } from './fields.ts';
import { marks, parseValue, total, type EpochMark, type LineOptions, type Reading, type StepMark } from './reading.ts';

const LONGEST_NAME = 48;
const MOST_PAIRS = 32;
const MOST_SIGNS = 128;
/** At most three words, right before the sign; a bracket, a comma or the like ends the name. */
const NAME = /([A-Za-z_][\w.@/'-]*(?: [A-Za-z_][\w.@/'-]*){0,2}) ?$/;
const LAST_WORD = /([A-Za-z_][\w.@/'-]*) ?$/;
const LOG_WORDS = /^(?:(?:debug|info|warn|warning|error|trace|notice|epoch|step|root|and|the|test set) )+/i;
const VALUE =
  /^[ "'[(]{0,3}(?:tensor\(|np\.float\d\d\()?([-+]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][-+]?\d{1,3})?|[-+]?(?:nan|inf(?:inity)?)\b)(?: ?\/ ?(\d{1,12}))?%?(?=$|[\s,;|)\]}"']|\.(?:\s|$))/i;

/** A sign that a value may follow. */
const SIGN = /[=:](?=[ "'[(]{0,3}(?:tensor\(|np\.float|[-+.\dni]))/gi;

/** All `name=value` and `name: value` of a text, in their order. */
export function fieldsIn(text: string): Field[] {
  const fields: Field[] = [];
  let signs = 0;
  for (const { index } of text.matchAll(SIGN)) {
    signs += 1;
    if (signs > MOST_SIGNS || fields.length >= MOST_PAIRS) break;
    const field = fieldAt(text, index);
    if (field !== undefined) fields.push(field);
  }
  return fields;
}

function fieldAt(text: string, at: number): Field | undefined {
  const [, value, whole] = VALUE.exec(text.slice(at + 1, at + 64)) ?? [];
  if (value === undefined) return undefined;
  const before = text.slice(Math.max(0, at - LONGEST_NAME), at);
  const [, words] = (text.charAt(at) === '=' && text.charAt(at - 1) !== ' ' ? LAST_WORD : NAME).exec(before) ?? [];
  if (words === undefined) return undefined;
  const number = parseValue(value);
  if (number === undefined) return undefined;
  return [words.replace(LOG_WORDS, ''), shareOf(words, { number, whole: Number(whole) })];
}

/** `Accuracy: 9821/10000` is a share; `epoch=3/10` is not. */
function shareOf(name: string, { number, whole }: { number: number; whole: number }): number {
  const isPlace = /\b(?:epoch|step|iter|iteration|batch|round)$/i.test(name);
  return isPlace || !(whole > 0) ? number : number / whole;
}

/** Positions need no sign: `Epoch 3`, `Epoch [3/10]`, `step 45/100`, `Train Epoch: 1 [640/60000 (1%)]`. */
const PLACE =
  /\b(epoch|step|iteration|iter|batch|round) ?[:=#]? ?[[(]? ?(\d{1,12}(?:\.\d{1,9})?)(?: ?(?:\/|of) ?(\d{1,12}))?[\])]?(?:,? ?\[ ?(\d{1,12})\/(\d{1,12}))?/gi;
/** `Loss 0.31 (0.35)` between tabs, as the ImageNet example of PyTorch prints it. */
const COLUMN =
  /^([A-Za-z][\w@]{0,40}) ([-+]?\d{1,12}(?:\.\d{1,12})?(?:[eE][-+]?\d{1,3})?)(?: ?\( ?[-+\d.eE]{1,24}\))?$/;

/** Reads a line of pairs, in any of the ways that loops print them. */
export function parsePairs(line: string, options: LineOptions): Reading | undefined {
  const known = placesIn(line);
  const fields = fieldsIn(line);
  if (known.epoch === undefined && known.step === undefined) {
    return fields.length === 0 ? undefined : readFields(fields, options);
  }
  const values = [...fields.filter(([name]) => !isPlaceWord(name)), ...columnsIn(line)];
  return withoutValues(readFields(values, options, known), line);
}

/** `Step 3/3: loading data` is no training, and `Starting epoch 3` is not the end of it. */
function withoutValues(reading: Reading | undefined, line: string): Reading | undefined {
  const isBare = Object.keys(reading?.metrics ?? {}).length === 0 && reading?.odd === undefined;
  if (reading === undefined || !isBare) return reading;
  if (reading.epoch === undefined) return line.includes('=') ? reading : undefined;
  const isRunning = !/\b(?:finished|done|complete|completed|ended|end of)\b/i.test(line);
  return { ...reading, epoch: { ...reading.epoch, isRunning } };
}

const isPlaceWord = (name: string): boolean => /^(?:(?:train )?epoch|step|iteration|iter|batch|round)$/i.test(name);

function placesIn(line: string): Pick<Reading, 'epoch' | 'step'> {
  let epoch: EpochMark | undefined;
  let step: StepMark | undefined;
  for (const [, word = '', number, of, inside, insideOf] of line.matchAll(PLACE)) {
    const place = { number: Number(number), ...total(Number(of)) };
    if (word.toLowerCase() === 'epoch') epoch ??= { ...place, isRunning: false };
    else step ??= { ...place, scope: scopeOf(word, line) };
    if (inside !== undefined) step ??= { number: Number(inside), ...total(Number(insideOf)), scope: 'part' };
  }
  return marks(epoch === undefined ? epoch : { ...epoch, isRunning: step?.scope === 'part' }, step);
}

/** `Epoch [3/10], Step [45/100]` counts the steps of the epoch. */
const scopeOf = (word: string, line: string): StepMark['scope'] =>
  word.toLowerCase() === 'batch' || /epoch.{0,16}\] ?,? ?(?:step|iter|batch)/i.test(line) ? 'part' : 'unclear';

function columnsIn(line: string): Field[] {
  if (!line.includes('\t')) return [];
  return line
    .split('\t')
    .slice(0, MOST_PAIRS)
    .flatMap((column): Field[] => {
      const [, name, value] = COLUMN.exec(column.trim()) ?? [];
      return name === undefined ? [] : [[name, Number(value)]];
    });
}
