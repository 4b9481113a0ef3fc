import { refuse, isObject, show } from '../../protocol/v2-request.ts';
import type { Json } from '../body.ts';
import { field, readOptions } from '../body.ts';
import type { Job } from '../kind.ts';
import { unfit } from '../kind.ts';

const MAX_ROWS = 100_000;

/** A table: its columns by name, all of one length. */
export type Table = Map<string, readonly unknown[]>;

/** The columns that the model wants, in order. */
export async function columnsOf({ folder, model }: Job): Promise<string[]> {
  const config = await folder.config();
  const sklearn = isObject(config['sklearn']) ? config['sklearn']['columns'] : undefined;
  const names = config['feature_names'] ?? sklearn;
  if (Array.isArray(names) && names.every((name) => typeof name === 'string')) return names;
  const [only] = model.inputs;
  if (model.inputs.length > 1) return model.inputs.map(({ name }) => name);
  const width = only?.shape[1] ?? 1;
  if (width === -1) throw unfit('tabular tasks', 'config.json has no "feature_names"');
  return Array.from({ length: width }, (_, index) => String(index));
}

const list = (names: readonly string[]) =>
  names
    .slice(0, 40)
    .map((name) => JSON.stringify(name.slice(0, 80)))
    .join(', ');

function checkColumns(names: readonly string[], wanted: readonly string[], place: string): void {
  const extra = names.filter((name) => !wanted.includes(name));
  const missing = wanted.filter((name) => !names.includes(name));
  if (extra.length > 0)
    refuse(
      place,
      `has ${list(extra)}, which the model does not know${missing.length > 0 ? ` (and lacks ${list(missing)})` : ''}; its columns are ${list(wanted)}.`,
    );
  if (missing.length > 0) refuse(place, `lacks ${list(missing)}; the columns of the model are ${list(wanted)}.`);
}

function readColumns(data: Json, wanted: readonly string[], place: string): Table {
  checkColumns(Object.keys(data), wanted, place);
  const columns = wanted.map((name) => [name, data[name]] as const);
  let rows: number | undefined;
  for (const [name, values] of columns) {
    const at = `${place}.${name.slice(0, 80)}`;
    if (!Array.isArray(values)) refuse(at, `is ${show(values)}; send a list, one value for each row.`);
    rows ??= values.length;
    if (values.length !== rows)
      refuse(at, `has ${values.length} values, but other columns have ${rows}; make them agree.`);
  }
  return new Map(columns as [string, readonly unknown[]][]);
}

function readRows(data: readonly unknown[], wanted: readonly string[], place: string): Table {
  const rows = data.map((row, index) => {
    const at = `${place}[${index}]`;
    if (isObject(row)) {
      checkColumns(Object.keys(row), wanted, at);
      return wanted.map((name) => row[name]);
    }
    if (!Array.isArray(row)) refuse(at, `is ${show(row)}; send a list of values, or an object by column.`);
    if (row.length !== wanted.length)
      refuse(at, `has ${row.length} values; the model takes ${wanted.length}: ${list(wanted)}.`);
    return row as unknown[];
  });
  return new Map(wanted.map((name, column) => [name, rows.map((row) => row[column])]));
}

/** The table of a request: `inputs.data`, `inputs.table`, `table` as the Python client sends it, or `inputs` itself. */
export function readTable(body: Json, wanted: readonly string[]): Table {
  readOptions(body, [], ['inputs', 'table']);
  const inputs = field(body, 'inputs');
  const inner = isObject(inputs)
    ? ['data', 'table'].find(
        (name) => isObject(inputs[name]) || (Array.isArray(inputs[name]) && !wanted.includes(name)),
      )
    : undefined;
  const [value, place] = tableIn(body, inputs, inner);
  if (!isObject(value) && !Array.isArray(value))
    refuse(place, `is ${show(value)}; send {"data": {column: [values]}}, or a list of rows.`);
  const table = Array.isArray(value) ? readRows(value, wanted, place) : readColumns(value, wanted, place);
  const rows = table.values().next().value?.length ?? 0;
  if (rows === 0) refuse(place, 'has no rows; send one or more.');
  if (rows > MAX_ROWS) refuse(place, `has ${rows} rows; at most ${MAX_ROWS} are taken. Send them in several requests.`);
  return table;
}

function tableIn(body: Json, inputs: unknown, inner: string | undefined): [unknown, string] {
  if (inputs === undefined && field(body, 'table') !== undefined) return [body['table'], 'table'];
  return inner === undefined || !isObject(inputs) ? [inputs, 'inputs'] : [inputs[inner], `inputs.${inner}`];
}
