import { ApiError } from '../../errors.ts';
import { convertValues } from '../../protocol/convert-values.ts';
import { isDatatype } from '../../protocol/datatype.ts';
import type { Datatype } from '../../protocol/datatype.ts';
import type { Tensor, TensorData, TensorSpec } from '../../protocol/tensor.ts';
import { allocate } from '../../protocol/tensor.ts';
import { isObject } from '../../protocol/v2-request.ts';
import type { Json } from '../body.ts';
import { parseBody } from '../body.ts';
import type { Job, Kind } from '../kind.ts';
import { isFloats, numbersOf, outputOf, pickOutput, unfit } from '../kind.ts';
import { labelOf } from '../model-folder.ts';
import { columnsOf, readTable } from './table.ts';

interface Context {
  output: string;
}

const WHOLE = /^-?\d{1,20}$/;

/** Texts that are numbers are taken as numbers: the Python client sends tables of texts. */
function readNumber(value: unknown, datatype: Datatype): unknown {
  if (typeof value !== 'string' || datatype === 'BYTES') return value;
  const text = value.trim();
  if (datatype.endsWith('INT64') && WHOLE.test(text)) return BigInt(text);
  const number = Number(text);
  return text === '' || !Number.isFinite(number) ? value : number;
}

/** What stands for a value that is not there, by data type. Whole numbers have no such value. */
const MISSING: Readonly<Record<string, { before: unknown; after?: number }>> = {
  BYTES: { before: '' },
  FP32: { before: 0, after: Number.NaN },
  FP64: { before: 0, after: Number.NaN },
};

const isMissing = (value: unknown): boolean => value === null || value === '';

/** A column of a request; `fills`: the model takes rows with missing values (`missing_values` in config.json). */
interface Column {
  name: string;
  values: readonly unknown[];
  fills: boolean;
}

/** One column, typed and checked value by value. */
function convertColumn({ name, values, fills }: Column, datatype: Datatype): TensorData {
  const place = `inputs column ${JSON.stringify(name.slice(0, 80))}`;
  const missing = fills ? MISSING[datatype] : undefined;
  const data = convertValues(
    values.map((value) => (missing !== undefined && isMissing(value) ? missing.before : readNumber(value, datatype))),
    datatype,
    place,
  );
  // JSON has no NaN, and numbers that are none are refused: these were put there by us.
  const { after } = missing ?? {};
  if (after !== undefined)
    for (const [row, value] of values.entries()) if (isMissing(value)) data[row] = after as never;
  return data;
}

function fillTensor(spec: TensorSpec, columns: readonly Column[]): Tensor {
  const { name, datatype, shape } = spec;
  if (!isDatatype(datatype)) throw new ApiError('ModelFailed', 'The model takes a data type that is not known.');
  const rows = columns[0]?.values.length ?? 0;
  const width = columns.length;
  const data = allocate(datatype, rows * width);
  for (const [column, given] of columns.entries()) {
    const values = convertColumn(given, datatype);
    for (let row = 0; row < rows; row += 1) data[row * width + column] = values[row] as never;
  }
  return { name, datatype, shape: shape.length === 1 ? [rows] : [rows, width], data };
}

async function prepareTable(job: Job, body: Json): Promise<Tensor[]> {
  const wanted = await columnsOf(job);
  const table = readTable(body, wanted);
  const { missing_values: fills } = await job.folder.config();
  const columns = [...table].map(([name, values]): Column => ({ name, values, fills: fills === true }));
  const [only] = job.model.inputs;
  if (only !== undefined && job.model.inputs.length === 1) return [fillTensor(only, columns)];
  return job.model.inputs.map((spec) => {
    const own = columns.filter(({ name }) => name === spec.name);
    if (own.length === 0) throw unfit(job.task, `config.json has no column for the input "${spec.name}"`);
    return fillTensor(spec, own);
  });
}

/** Labels as the model gives them: names of classes where config.json has them. */
function labelsOf(config: Json, tensor: Tensor | undefined): string[] {
  if (tensor === undefined) return [];
  if (Array.isArray(tensor.data)) return tensor.data;
  if (tensor.datatype === 'BOOL') return Array.from(tensor.data as Uint8Array, (bit) => (bit === 0 ? 'False' : 'True'));
  const named = isObject(config['id2label']);
  return Array.from(tensor.data as Int32Array, (value) => (named ? labelOf(config, Number(value)) : String(value)));
}

function best(config: Json, tensor: Tensor | undefined): string[] {
  const numbers = numbersOf(tensor);
  const width = tensor?.shape[1] ?? 1;
  return Array.from({ length: numbers.length / width }, (_, row) => {
    const scores = numbers.subarray(row * width, (row + 1) * width);
    return labelOf(
      config,
      scores.reduce((top, score, index) => (score > (scores[top] ?? 0) ? index : top), 0),
    );
  });
}

/** A table in, the label of each row out. */
export const tabularClassification: Kind<Context> = {
  async prepare(job, body) {
    const label = job.model.outputs.find((spec) => !isFloats(spec) && spec.shape.length === 1);
    const output = (label ?? pickOutput(job, ['probabilities', 'logits'], [2])).name;
    return { runs: [await prepareTable(job, parseBody(body))], outputs: [output], context: { output } };
  },
  async finish({ folder }, { output }, runs) {
    const config = await folder.config();
    return runs.flatMap((outputs) => {
      const tensor = outputOf(outputs, output);
      return tensor !== undefined && isFloats(tensor) ? best(config, tensor) : labelsOf(config, tensor);
    });
  },
};

/** A table in, a number for each row out. */
export const tabularRegression: Kind<Context> = {
  async prepare(job, body) {
    const output = pickOutput(job, ['prediction', 'variable', 'logits'], [1, 2]).name;
    return { runs: [await prepareTable(job, parseBody(body))], outputs: [output], context: { output } };
  },
  finish(_job, { output }, runs) {
    return Promise.resolve(
      runs.flatMap((outputs): (number | number[])[] => {
        const tensor = outputOf(outputs, output);
        const numbers = [...numbersOf(tensor)];
        const width = tensor?.shape[1] ?? 1;
        if (width === 1) return numbers;
        return Array.from({ length: numbers.length / width }, (_, row) =>
          numbers.slice(row * width, (row + 1) * width),
        );
      }),
    );
  },
};
