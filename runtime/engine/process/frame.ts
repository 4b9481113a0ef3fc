import type { Tensor, TensorSpec } from '../../protocol/tensor.ts';
import { elementCount } from '../../protocol/tensor.ts';
import { splitTexts, tensorBytes, viewBytes } from '../../protocol/tensor-bytes.ts';

/**
 * What goes between the server and the process of a model, in both directions, one frame at a time:
 *
 *   u32 bytes of the whole frame · u32 kind · u32 a · u32 b · then by kind
 *   Open, Opened, Failed: b bytes of JSON
 *   Run:    a inputs, b outputs · u32 index of each wanted output · tensors
 *   Answer: a outputs, b microseconds in the engine · tensors
 *
 * Tensors: for each u32 index, rank, bytes, sizes…; then, each on a boundary of 8 bytes, their elements as in the binary
 * tensor extension. The elements of one tensor may be written in several parts, which is how rows are put together.
 */
export const FrameKind = { open: 1, run: 2, opened: 3, answer: 4, failed: 5 } as const;

/** Bytes before anything that depends on the kind. */
export const HEAD_BYTES = 16;
/** No frame is larger than this. */
export const MAX_FRAME_BYTES = 2 ** 31 - 1;
const WORD = 4;
const BOUNDARY = 8;
const PADDING = new Uint8Array(BOUNDARY);

const padded = (bytes: number): number => Math.ceil(bytes / BOUNDARY) * BOUNDARY;

/** One tensor to be written: the parts of its elements, one after another. */
interface FrameTensor {
  index: number;
  shape: readonly number[];
  parts: readonly Uint8Array[];
}

/** A frame of JSON. */
export function jsonFrame(kind: number, value: unknown): Uint8Array[] {
  const text = Buffer.from(JSON.stringify(value));
  const head = Buffer.allocUnsafe(HEAD_BYTES);
  writeWords(head, [HEAD_BYTES + text.byteLength, kind, 0, text.byteLength]);
  return [head, text];
}

function writeWords(target: Buffer, words: readonly number[], at = 0): void {
  for (let index = 0; index < words.length; index += 1) target.writeUInt32LE(words[index] ?? 0, at + index * WORD);
}

/** Several requests to run at once: the rows of each tensor are written one request after another. */
export function runFrame(requests: readonly (readonly Tensor[])[], outputs: readonly number[]): Uint8Array[] {
  const [first = []] = requests;
  const tensors = first.map(({ shape }, index): FrameTensor => {
    const parts = requests.map((request) => tensorBytes(request[index] as Tensor));
    if (requests.length === 1) return { index, shape, parts };
    const rows = requests.reduce((sum, request) => sum + (request[index]?.shape[0] ?? 0), 0);
    return { index, shape: [rows, ...shape.slice(1)], parts };
  });
  return tensorFrame({ kind: FrameKind.run, extra: outputs.length, lead: outputs }, tensors);
}

/** The answer to a run. */
export function answerFrame(outputs: readonly Tensor[], microseconds: number): Uint8Array[] {
  const tensors = outputs.map((tensor, index) => ({ index, shape: tensor.shape, parts: [tensorBytes(tensor)] }));
  return tensorFrame({ kind: FrameKind.answer, extra: Math.min(microseconds, 2 ** 32 - 1), lead: [] }, tensors);
}

interface FrameHead {
  kind: number;
  extra: number;
  lead: readonly number[];
}

function tensorFrame({ kind, extra, lead }: FrameHead, tensors: readonly FrameTensor[]): Uint8Array[] {
  const words = [0, kind, tensors.length, extra, ...lead];
  const sizes = tensors.map(({ parts }) => parts.reduce((sum, part) => sum + part.byteLength, 0));
  for (const [at, { index, shape }] of tensors.entries()) words.push(index, shape.length, sizes[at] ?? 0, ...shape);
  const head = Buffer.alloc(padded(words.length * WORD));
  const total = sizes.reduce((sum, size) => sum + padded(size), head.byteLength);
  if (total > MAX_FRAME_BYTES) throw new RangeError(`${total} bytes are more than one run of a model can take or give`);
  words[0] = total;
  writeWords(head, words);
  const chunks: Uint8Array[] = [head];
  for (const [at, { parts }] of tensors.entries()) {
    chunks.push(...parts);
    const size = sizes[at] ?? 0;
    if (padded(size) > size) chunks.push(PADDING.subarray(0, padded(size) - size));
  }
  return chunks;
}

/** A frame that was read. */
export type Frame =
  | { kind: 'json'; code: number; value: unknown }
  | {
      kind: 'tensors';
      code: number;
      extra: number;
      lead: number[];
      tensors: { index: number; shape: number[]; bytes: Uint8Array }[];
    };

/** Reads a whole frame; tensors are views of its bytes. */
export function readFrame(frame: Buffer): Frame {
  const word = (index: number) => frame.readUInt32LE(index * WORD);
  const [code, count, extra] = [word(1), word(2), word(3)];
  if (code !== FrameKind.run && code !== FrameKind.answer) {
    return { kind: 'json', code, value: JSON.parse(frame.toString('utf8', HEAD_BYTES, HEAD_BYTES + extra)) as unknown };
  }
  let at = HEAD_BYTES / WORD;
  const lead: number[] = [];
  if (code === FrameKind.run) for (; lead.length < extra; at += 1) lead.push(word(at));
  const heads = Array.from({ length: count }, () => {
    const [index, rank, size] = [word(at), word(at + 1), word(at + 2)];
    const shape: number[] = [];
    for (at += 3; shape.length < rank; at += 1) shape.push(word(at));
    return { index, size, shape };
  });
  let from = padded(at * WORD);
  const tensors = heads.map(({ index, size, shape }) => {
    const bytes = frame.subarray(from, from + size);
    from += padded(size);
    return { index, shape, bytes };
  });
  return { kind: 'tensors', code, extra, lead, tensors };
}

/** A tensor of a frame, typed as the model says. */
export function typedTensor(
  { name, datatype }: TensorSpec,
  { shape, bytes }: { shape: number[]; bytes: Uint8Array },
): Tensor {
  const data = datatype === 'BYTES' ? readTexts(bytes) : viewBytes(datatype, bytes);
  if (data.length !== elementCount(shape)) throw new RangeError(`"${name}" has ${data.length} elements for its shape`);
  return { name, datatype, shape, data };
}

const readTexts = (bytes: Uint8Array): string[] =>
  (splitTexts(bytes) ?? []).map((text) => Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString('utf8'));
