/** Memory for more than this is taken only for a client that has sent this much: a length in a header costs nothing to write. */
const EARNEST_BYTES = 1024 * 1024;

/** Puts the parts of a body together as they come, so that nothing is left to be done at its end. */
export class GrowingBuffer {
  readonly #expected: number;
  #parts: Buffer[] = [];
  #whole: Buffer | undefined;
  #size = 0;

  /** `expected` is the size that was announced; 0 when none was. */
  constructor(expected: number) {
    this.#expected = expected;
  }

  /** Bytes so far. */
  get size(): number {
    return this.#size;
  }

  /** Adds the next part. */
  add(part: Buffer): void {
    const size = this.#size + part.byteLength;
    if (size > EARNEST_BYTES) this.#roomFor(size).set(part, this.#size);
    else this.#parts.push(part);
    this.#size = size;
  }

  /** All bytes. Large ones lie alone in their memory, which can be given away. */
  take(): Buffer {
    if (this.#whole !== undefined) return this.#whole.subarray(0, this.#size);
    const [only] = this.#parts;
    return this.#parts.length === 1 && only !== undefined ? only : Buffer.concat(this.#parts, this.#size);
  }

  #roomFor(size: number): Buffer {
    const old = this.#whole;
    if (old !== undefined && old.byteLength >= size) return old;
    const room = Buffer.allocUnsafeSlow(Math.max(size, this.#expected, 2 * (old?.byteLength ?? EARNEST_BYTES)));
    let at = 0;
    for (const part of old === undefined ? this.#parts : [old]) {
      room.set(part, at);
      at += part.byteLength;
    }
    this.#parts = [];
    this.#whole = room;
    return room;
  }
}
