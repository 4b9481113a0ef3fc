import type { Datatype } from '../../protocol/datatype.ts';
import { splitTexts, tensorBytes, viewBytes } from '../../protocol/tensor-bytes.ts';
import type { Tensor } from '../../protocol/tensor.ts';

/**
 * What goes between the server and the task process, in both directions:
 *
 *   u32 bytes of the whole frame · u32 bytes of the JSON · JSON · parts, each on a boundary of 8 bytes
 *
 * The JSON has `parts`, the size of each part, beside what the message says. JSON and bytes are all that is ever read from the
 * process: it decodes what strangers send, so the server trusts nothing that comes out of it.
 */
const HEAD_BYTES = 8;
const BOUNDARY = 8;
const PADDING = new Uint8Array(BOUNDARY);
/** No frame is larger than this. */
const MAX_FRAME_BYTES = 1024 ** 3;

const padded = (size: number): number => Math.ceil(size / BOUNDARY) * BOUNDARY;

/** A message with bytes beside it. */
export interface Message {
  value: Record<string, unknown>;
  parts: readonly Uint8Array[];
}

/** Writes a message; the parts are not copied. */
export function writeFrame({ value, parts }: Message): Uint8Array[] {
  const text = Buffer.from(JSON.stringify({ ...value, parts: parts.map(({ byteLength }) => byteLength) }));
  const lead = Buffer.alloc(padded(HEAD_BYTES + text.byteLength));
  const total = parts.reduce((sum, { byteLength }) => sum + padded(byteLength), lead.byteLength);
  if (total > MAX_FRAME_BYTES) throw new RangeError(`${total} bytes are more than one request can be made of`);
  lead.writeUInt32LE(total, 0);
  lead.writeUInt32LE(text.byteLength, 4);
  lead.set(text, HEAD_BYTES);
  const chunks: Uint8Array[] = [lead];
  for (const part of parts) {
    chunks.push(part);
    const rest = padded(part.byteLength) - part.byteLength;
    if (rest > 0) chunks.push(PADDING.subarray(0, rest));
  }
  return chunks;
}

function readMessage(frame: Buffer): Message {
  const textBytes = frame.readUInt32LE(4);
  const value = JSON.parse(frame.toString('utf8', HEAD_BYTES, HEAD_BYTES + textBytes)) as Record<string, unknown>;
  let at = padded(HEAD_BYTES + textBytes);
  const parts = (value['parts'] as number[]).map((size) => {
    const part = frame.subarray(at, at + size);
    if (part.byteLength !== size) throw new RangeError('a frame is shorter than it says');
    at += padded(size);
    return part;
  });
  return { value, parts };
}

/** Puts frames together from what a pipe gives. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #have = 0;

  /** Takes a chunk, and gives the messages that are complete with it. */
  push(chunk: Buffer): Message[] {
    this.#chunks.push(chunk);
    this.#have += chunk.byteLength;
    const messages: Message[] = [];
    for (let size = this.#nextSize(); size !== undefined && this.#have >= size; size = this.#nextSize()) {
      const [first] = this.#chunks;
      const all = first !== undefined && this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks, this.#have);
      messages.push(readMessage(aligned(all.subarray(0, size))));
      this.#chunks = all.byteLength > size ? [all.subarray(size)] : [];
      this.#have = all.byteLength - size;
    }
    return messages;
  }

  #nextSize(): number | undefined {
    if (this.#have < HEAD_BYTES) return undefined;
    const [first] = this.#chunks;
    if (first === undefined || first.byteLength < HEAD_BYTES) this.#chunks = [Buffer.concat(this.#chunks, this.#have)];
    const size = this.#chunks[0]?.readUInt32LE(0) ?? 0;
    if (size < HEAD_BYTES || size > MAX_FRAME_BYTES) throw new RangeError(`a frame says that it has ${size} bytes`);
    return size;
  }
}

/** Numbers can be looked at in place only where they lie on their boundary. */
const aligned = (bytes: Buffer): Buffer =>
  bytes.byteOffset % BOUNDARY === 0 ? bytes : Buffer.from(new Uint8Array(bytes).buffer);

/** A tensor without its elements. */
interface TensorHead {
  name: string;
  datatype: Datatype;
  shape: readonly number[];
}

/** Takes runs of tensors apart into heads for the JSON and bytes for the parts. */
export function packRuns(runs: readonly (readonly Tensor[])[]): { heads: TensorHead[][]; parts: Uint8Array[] } {
  const heads = runs.map((run) => run.map(({ name, datatype, shape }) => ({ name, datatype, shape })));
  return { heads, parts: runs.flatMap((run) => run.map(tensorBytes)) };
}

/** Puts runs of tensors together again. */
export function unpackRuns(heads: readonly (readonly TensorHead[])[], parts: readonly Uint8Array[]): Tensor[][] {
  let next = 0;
  return heads.map((run) =>
    run.map((head): Tensor => {
      const bytes = parts[next++] ?? new Uint8Array();
      if (head.datatype !== 'BYTES') return { ...head, data: viewBytes(head.datatype, bytes) };
      const texts = splitTexts(bytes) ?? [];
      return {
        ...head,
        data: texts.map((text) => Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString('utf8')),
      };
    }),
  );
}
