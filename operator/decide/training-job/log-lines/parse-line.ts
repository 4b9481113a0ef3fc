import { isBar, parseBar } from './bars.ts';
import { parseBoosting } from './boosting.ts';
import { parseKeras } from './keras.ts';
import { parseObject } from './objects.ts';
import { parsePairs } from './pairs.ts';
import type { LineOptions, Reading } from './reading.ts';

type Parser = (line: string, options: LineOptions) => Reading | undefined;

/** Whoever knows the format best comes first. */
const PARSERS: readonly Parser[] = [parseObject, parseBoosting, parseKeras, parsePairs];

const LONGEST_LINE = 1024;
const LONGEST_OBJECT = 8192;
const HAS_DIGIT_OR_NAN = /\d|nan|inf/i;
const HAS_SIGN = /[=:|\][/]|\b(?:epoch|step|iter|iteration|round|batch) \d/i;

/** What a cleaned line says about the training; undefined for most lines of most programs. */
export function parseLine(line: string, options: LineOptions): Reading | undefined {
  if (line.length < 3) return undefined;
  const longest = line.endsWith('}') ? LONGEST_OBJECT : LONGEST_LINE;
  const text = line.length > longest ? line.slice(0, longest) : line;
  if (!HAS_DIGIT_OR_NAN.test(text) || !HAS_SIGN.test(text)) return undefined;
  if (isBar(text)) return parseBar(text, options);
  for (const parse of PARSERS) {
    const reading = parse(text, options);
    if (reading !== undefined) return reading;
  }
  return undefined;
}
