import type { ByteBudget } from './byte-budget.ts';
import { ApiError } from '../errors.ts';
import { PREFIX_BYTES } from './messages.ts';
import { GrpcFailure, GrpcStatus } from './status.ts';

/** A message as it came: its bytes, and whether they are compressed. */
export interface Frame {
  bytes: Buffer;
  isCompressed: boolean;
}

/** What bounds the messages of a call. */
export interface ReaderLimits {
  maxMessageBytes: number;
  budget: ByteBudget;
}

const FIRST_ROOM_BYTES = 4096;
/** Room grows with what has come, never by what a client merely announces. */
const GROWTH = 4;
const EMPTY = Buffer.alloc(0);

/** Cuts the bytes of a call into messages. A message that comes in one piece is not copied. */
export class MessageReader {
  readonly #limits: ReaderLimits;
  /** Bytes taken from the budget. */
  #held = 0;
  /** The start of a message whose rest has not come yet, and how many bytes of it there are. */
  #room: Buffer | undefined;
  #filled = 0;

  constructor(limits: ReaderLimits) {
    this.#limits = limits;
  }

  /** True when the bytes so far end in the middle of a message. */
  get isInsideMessage(): boolean {
    return this.#room !== undefined;
  }

  /** Takes bytes; gives the messages that are whole by them. */
  push(chunk: Buffer): Frame[] {
    this.hold(chunk.length);
    const frames: Frame[] = [];
    let rest = this.#room === undefined ? chunk : this.#fill(this.#room, chunk, frames);
    while (rest.length >= PREFIX_BYTES) {
      const end = PREFIX_BYTES + this.#checkLength(rest);
      if (rest.length < end) break;
      frames.push(toFrame(rest.subarray(0, end)));
      rest = rest.subarray(end);
    }
    if (rest.length > 0) this.#keep(rest);
    return frames;
  }

  /** Gives back what was taken for a message that has been dealt with. */
  release(bytes: number): void {
    const given = Math.min(bytes, this.#held);
    this.#held -= given;
    this.#limits.budget.give(given);
  }

  /** Gives everything back; for the end of a call. */
  close(): void {
    this.release(this.#held);
    this.#room = undefined;
  }

  /** Counts bytes that this call keeps; refuses when the server holds too many. */
  hold(bytes: number): void {
    if (!this.#limits.budget.take(bytes))
      throw new ApiError('QueueFull', `The server holds ${this.#limits.budget.limit} bytes of requests; ask again.`);
    this.#held += bytes;
  }

  #keep(rest: Buffer): void {
    this.#room = Buffer.allocUnsafeSlow(Math.max(FIRST_ROOM_BYTES, rest.length));
    this.#filled = rest.copy(this.#room);
  }

  /** Completes the message that has begun; gives the bytes behind it. */
  #fill(begun: Buffer, chunk: Buffer, frames: Frame[]): Buffer {
    const missingPrefix = Math.max(0, PREFIX_BYTES - this.#filled);
    const rest = this.#append(begun, { from: chunk, size: missingPrefix, end: PREFIX_BYTES });
    if (this.#filled < PREFIX_BYTES) return EMPTY;
    const end = PREFIX_BYTES + this.#checkLength(begun);
    const after = this.#append(begun, { from: rest, size: end - this.#filled, end });
    if (this.#filled < end) return EMPTY;
    if (this.#room !== undefined) frames.push(toFrame(this.#room.subarray(0, end)));
    this.#room = undefined;
    return after;
  }

  #append(begun: Buffer, { from, size, end }: { from: Buffer; size: number; end: number }): Buffer {
    const taken = Math.min(size, from.length);
    const wanted = this.#filled + taken;
    let room = this.#room ?? begun;
    if (wanted > room.length) {
      room = Buffer.allocUnsafeSlow(Math.min(end, wanted * GROWTH));
      begun.copy(room, 0, 0, this.#filled);
      this.#room = room;
    }
    from.copy(room, this.#filled, 0, taken);
    this.#filled = wanted;
    return from.subarray(taken);
  }

  #checkLength(bytes: Buffer): number {
    const flag = bytes[0] ?? 0;
    if (flag > 1)
      throw new GrpcFailure(
        GrpcStatus.Internal,
        `The first byte of a message is ${flag}; send 0, or 1 for a compressed one.`,
      );
    const length = bytes.readUInt32BE(1);
    const { maxMessageBytes } = this.#limits;
    if (length > maxMessageBytes) throw tooLarge(`The message has ${length} bytes`, maxMessageBytes);
    return length;
  }
}

/** The failure of a message that is too large. */
export const tooLarge = (what: string, limit: number): ApiError =>
  new ApiError('BodyTooLarge', `${what}; at most ${limit} are taken (--max-body-bytes). Send fewer rows in a request.`);

const toFrame = (bytes: Buffer): Frame => ({ bytes: bytes.subarray(PREFIX_BYTES), isCompressed: bytes[0] === 1 });
