import type { Tensor, TensorSpec } from '../../protocol/tensor.ts';
import { readChoice, readFlag } from '../body.ts';
import type { Json } from '../body.ts';
import type { Job } from '../kind.ts';
import { unfit } from '../kind.ts';
import type { EncodeOptions, EncodedText, TextEncoder, TextInput } from './tokenizer.ts';
import { checkTotal } from './tokenizer.ts';

const MAX_ROWS = 32;
/** So many places, padding included, go into one run. */
const MAX_PLACES = 8192;

/** The options of every task on texts. */
export const TEXT_OPTIONS = ['truncate', 'truncation_direction', 'truncation'] as const;

/** Reads how texts that are too long are treated. */
export function readEncodeOptions(options: Json): EncodeOptions {
  const truncate = readFlag(options['truncate'], 'truncate') ?? readFlag(options['truncation'], 'truncation') ?? false;
  const side = readChoice(options['truncation_direction'], 'truncation_direction', ['left', 'right'] as const);
  return { truncate, side: side ?? 'right' };
}

/** Texts made ready: the runs, and which texts are in which. */
export interface TextRuns {
  runs: Tensor[][];
  order: number[][];
}

const plainInput = ({ model }: Job): TensorSpec | undefined =>
  model.inputs.length === 1 ? model.inputs.find(({ datatype }) => datatype === 'BYTES') : undefined;

/** True when the graph itself takes the text. */
export const takesPlainText = (job: Job): boolean => plainInput(job) !== undefined;

/** Texts to tensors: by the model's tokenizer, or as they are where the graph has its own. */
export async function textRuns(job: Job, texts: readonly TextInput[], options: EncodeOptions): Promise<TextRuns> {
  checkTotal(texts);
  const plain = plainInput(job);
  if (plain !== undefined) return plainRuns(job, plain, texts);
  const encoder = await job.folder.encoder();
  return encodedRuns(
    job,
    encoder,
    texts.map((text) => encoder.encode(text, options)),
  );
}

function plainRuns(job: Job, spec: TensorSpec, texts: readonly TextInput[]): TextRuns {
  if (texts.some(({ pair }) => pair !== undefined)) throw unfit(job.task, 'its graph takes single texts, not pairs');
  const order = chunk(
    texts.map((_, index) => index),
    MAX_ROWS,
  );
  const runs = order.map((rows): Tensor[] => {
    const data = rows.map((row) => texts[row]?.text ?? '');
    return [
      { name: spec.name, datatype: 'BYTES', shape: spec.shape.length === 2 ? [rows.length, 1] : [rows.length], data },
    ];
  });
  return { runs, order };
}

const chunk = (items: readonly number[], size: number): number[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, part) => items.slice(part * size, (part + 1) * size));

/** Texts of like length go together, so that little is padded. */
export function encodedRuns(job: Job, encoder: TextEncoder, texts: readonly EncodedText[]): TextRuns {
  const ids = job.model.inputs.find(({ name }) => name === 'input_ids');
  if (ids === undefined) throw unfit(job.task, 'it has no input "input_ids"');
  const [batch = -1, fixedLength = -1] = ids.shape;
  const lengthOf = (index: number) => (fixedLength === -1 ? (texts[index]?.ids.length ?? 0) : fixedLength);
  const sorted = texts.map((_, index) => index).toSorted((a, b) => lengthOf(a) - lengthOf(b));
  const order: number[][] = [];
  for (const index of sorted) {
    const last = order.at(-1);
    const limit = batch === -1 ? Math.min(MAX_ROWS, Math.floor(MAX_PLACES / Math.max(1, lengthOf(index)))) : 1;
    if (last !== undefined && last.length < limit) last.push(index);
    else order.push([index]);
  }
  const runs = order.map((rows) => {
    const length = Math.max(1, ...rows.map(lengthOf));
    const grid = { rows: rows.map((row) => texts[row] as EncodedText), length };
    return job.model.inputs.map((spec) => gridTensor(job, spec, { ...grid, encoder }));
  });
  return { runs, order };
}

interface Grid {
  rows: EncodedText[];
  length: number;
  encoder: TextEncoder;
}

/** The numbers that one input takes from an encoded text, and what stands for padding. */
function columnOf(
  name: string,
  { padId }: TextEncoder,
): { pad: number; value: (text: EncodedText, index: number) => number } | undefined {
  switch (name) {
    case 'input_ids':
      return { pad: padId, value: ({ ids }, index) => ids[index] ?? padId };
    case 'attention_mask':
      return { pad: 0, value: () => 1 };
    case 'token_type_ids':
      return { pad: 0, value: ({ types }, index) => types[index] ?? 0 };
    case 'position_ids':
      return { pad: 0, value: (_text, index) => index };
    default:
      return undefined;
  }
}

function gridTensor(job: Job, spec: TensorSpec, grid: Grid): Tensor {
  const { rows, length, encoder } = grid;
  const column = columnOf(spec.name, encoder);
  if (column === undefined) throw unfit(job.task, `it has an input "${spec.name}", which no tokenizer gives`);
  const tooLong = rows.find(({ ids }) => ids.length > length);
  if (tooLong !== undefined)
    throw unfit(
      job.task,
      `it takes ${length} tokens, fewer than its tokenizer's limit; set model_max_length to ${length} in tokenizer_config.json`,
    );
  const values = new Int32Array(rows.length * length).fill(column.pad);
  for (const [row, text] of rows.entries()) {
    const from = row * length + (encoder.padsLeft ? length - text.ids.length : 0);
    for (let index = 0; index < text.ids.length; index += 1) values[from + index] = column.value(text, index);
  }
  const shape = [rows.length, length];
  if (spec.datatype !== 'INT64') return { name: spec.name, datatype: 'INT32', shape, data: values };
  return { name: spec.name, datatype: 'INT64', shape, data: BigInt64Array.from(values, BigInt) };
}

/** Puts rows that come run by run back into the order of the texts. */
export function inOrder<Row>(order: readonly (readonly number[])[], rows: readonly (readonly Row[])[]): Row[] {
  const sorted: Row[] = [];
  for (const [run, indices] of order.entries()) {
    for (const [at, index] of indices.entries()) sorted[index] = rows[run]?.[at] as Row;
  }
  return sorted;
}
