import { readFields, type Field } from './fields.ts';
import { parseValue, type LineOptions, type Reading } from './reading.ts';

const LONGEST_OBJECT = 8192;
const MOST_FIELDS = 64;
/** Python's own notation, and JSON with NaN in it, which is none. */
const FLAT_FIELD =
  /['"]([^'"\\]{1,64})['"] ?: ?(?:['"]|np\.float\d\d\(|tensor\()?([-+]?(?:\d{1,40}(?:\.\d{0,40})?(?:[eE][-+]?\d{1,3})?|nan|inf(?:inity)?))\b/gi;

/** Reads a line that ends with a JSON object or a Python dict. */
export function parseObject(line: string, options: LineOptions): Reading | undefined {
  if (!line.endsWith('}')) return undefined;
  const start = line.indexOf('{');
  if (start < 0 || line.length - start > LONGEST_OBJECT) return undefined;
  return readFields(fieldsOf(line.slice(start)), options);
}

function fieldsOf(text: string): Field[] {
  if (text.charAt(1) !== "'") {
    try {
      return flatten(JSON.parse(text));
    } catch {
      // not JSON: NaN, or a Python dict with spaces before its first name
    }
  }
  return [...text.matchAll(FLAT_FIELD)]
    .slice(0, MOST_FIELDS)
    .flatMap(([, name = '', value = '']) => toField(name, value));
}

/** Takes the values of an object, and those one level deeper. */
function flatten(value: unknown): Field[] {
  if (!isObject(value)) return [];
  return Object.entries(value)
    .slice(0, MOST_FIELDS)
    .flatMap(([name, inner]) => {
      if (!isObject(inner)) return toField(name, inner);
      const prefix = name === 'metrics' || name === 'logs' ? '' : `${name}.`;
      return Object.entries(inner)
        .slice(0, MOST_FIELDS)
        .flatMap(([inside, last]) => toField(prefix + inside, last));
    });
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function toField(name: string, value: unknown): Field[] {
  const number = typeof value === 'string' ? parseValue(value) : value;
  return typeof number === 'number' ? [[name, number]] : [];
}
