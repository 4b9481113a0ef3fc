import type { Field } from './fields.ts';
import { factsOf } from './names.ts';
import { parseValue, Values, type Reading } from './reading.ts';

const ROUND = /^\[(\d{1,9})\](?=[\t ])/;
const COLUMN = /^(.{1,60}):\s?([-+]?(?:[\d.]{1,40}(?:e[-+]?\d{1,3})?|nan|inf))(?:\s?\+\s?[\d.e-]{1,40})?$/i;

/**
 * Reads a round of LightGBM (`[12]\tvalid's auc: 0.9`, from 1) or of XGBoost (`[12]\teval-auc:0.9`, from 0), with one
 * column a data set and metric. The deviation that cross-validation adds is left out.
 */
export function parseBoosting(line: string): Reading | undefined {
  const round = ROUND.exec(line)?.[1];
  if (round === undefined) return undefined;
  const columns = columnsOf(line.slice(round.length + 2));
  if (columns.length === 0) return undefined;
  const values = new Values();
  for (const [name, value] of columns) values.add(factsOf(name).metric, value);
  const isFromZero = columns.some(([name]) => !name.includes("'s ") && name.includes('-'));
  return { step: { number: Number(round) + (isFromZero ? 1 : 0), scope: 'whole' }, ...values.toReading() };
}

const columnsOf = (text: string): Field[] =>
  text.split(/\t| {1,4}(?=\w[\w ]{0,40}'s )/).flatMap((column): Field[] => {
    const [, name = '', printed = ''] = COLUMN.exec(column.trim()) ?? [];
    const value = parseValue(printed);
    return value === undefined ? [] : [[name, value]];
  });
