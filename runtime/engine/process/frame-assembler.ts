import { HEAD_BYTES, MAX_FRAME_BYTES } from './frame.ts';

/** Frames above this are put together as they come: to do it at the end would hold up everybody. */
const LARGE_BYTES = 1024 * 1024;

/** Puts the pieces of one frame together. The other side sends one frame and then waits. */
export class FrameAssembler {
  #chunks: Buffer[] = [];
  #whole: Buffer | undefined;
  #have = 0;
  #want = 0;

  /** Takes the next piece, and gives the frame once it is whole. Throws when the pieces cannot be one frame. */
  add(chunk: Buffer): Buffer | undefined {
    if (this.#whole !== undefined && this.#have + chunk.byteLength <= this.#want) chunk.copy(this.#whole, this.#have);
    else this.#chunks.push(chunk);
    this.#have += chunk.byteLength;
    if (this.#want === 0 && !this.#readSize()) return undefined;
    if (this.#have < this.#want) return undefined;
    if (this.#have > this.#want) throw new RangeError('more than one frame');
    return this.#finish();
  }

  /** False while not even the size is there. */
  #readSize(): boolean {
    if (this.#have < HEAD_BYTES) return false;
    const want = this.#joined().readUInt32LE(0);
    if (want < HEAD_BYTES || want > MAX_FRAME_BYTES) throw new RangeError(`a frame of ${want} bytes`);
    this.#want = want;
    if (want <= LARGE_BYTES || want <= this.#have) return true;
    const whole = Buffer.allocUnsafeSlow(want);
    this.#joined().copy(whole);
    this.#whole = whole;
    return true;
  }

  #joined(): Buffer {
    const [only] = this.#chunks;
    return only !== undefined && this.#chunks.length === 1 ? only : Buffer.concat(this.#chunks, this.#have);
  }

  #finish(): Buffer {
    const frame = this.#whole ?? this.#joined();
    this.#whole = undefined;
    this.#chunks = [];
    this.#have = 0;
    this.#want = 0;
    return frame;
  }
}
