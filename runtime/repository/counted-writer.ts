import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import { ModelFailure } from '../model-failure.ts';
import { codeOf } from '../error-shape.ts';
import { showBytes } from '../protocol/show-bytes.ts';

/** Bytes that all files of one model may have together. */
export class ByteBudget {
  readonly maxBytes: number;
  #used = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** Counts bytes, and refuses those above the limit. */
  take(bytes: number): void {
    this.#used += bytes;
    if (this.#used > this.maxBytes) throw tooLarge(this.maxBytes);
  }

  /** Gives bytes back that are read again. */
  giveBack(bytes: number): void {
    this.#used -= bytes;
  }

  /** Refuses at once what announces itself as too large. */
  expect(bytes: number): void {
    if (this.#used + bytes > this.maxBytes) throw tooLarge(this.maxBytes, bytes);
  }
}

const tooLarge = (maxBytes: number, bytes?: number) =>
  new ModelFailure(
    'SourceTooLarge',
    `The model is larger than the limit of ${showBytes(maxBytes)}${bytes === undefined ? '' : ` (it announces ${showBytes(bytes)})`}. Raise spec.source.maxSize if it is meant to be.`,
  );

/** Turns "no space left" into the failure that says so. */
export function describeStorageFailure(error: unknown): unknown {
  const code = codeOf(error);
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new ModelFailure('StorageFull', 'The model cache is full. Give it more space, or remove models from it.', {
    cause: error,
  });
}

/** Writes one file, counting and hashing what passes; can start over. */
export class CountedWriter {
  #hash = createHash('sha256');
  #size = 0;
  readonly #file: FileHandle;
  readonly #budget: ByteBudget;

  private constructor(file: FileHandle, budget: ByteBudget) {
    this.#file = file;
    this.#budget = budget;
  }

  /** Creates a file that must not exist yet, readable by all and executable by nobody. */
  static async create(filePath: string, budget: ByteBudget): Promise<CountedWriter> {
    try {
      await mkdir(path.dirname(filePath), { recursive: true });
      return new CountedWriter(await open(filePath, 'wx', 0o644), budget);
    } catch (error) {
      throw describeStorageFailure(error);
    }
  }

  /** Bytes written so far. */
  get sizeBytes(): number {
    return this.#size;
  }

  /** Appends a chunk. */
  async write(chunk: Buffer): Promise<void> {
    this.#budget.take(chunk.byteLength);
    try {
      let written = 0;
      while (written < chunk.byteLength) {
        written += (await this.#file.write(chunk, written, undefined, this.#size + written)).bytesWritten;
      }
    } catch (error) {
      throw describeStorageFailure(error);
    }
    this.#hash.update(chunk);
    this.#size += chunk.byteLength;
  }

  /** Forgets what was written: the server began again from the first byte. */
  async restart(): Promise<void> {
    await this.#file.truncate(0);
    this.#budget.giveBack(this.#size);
    this.#hash = createHash('sha256');
    this.#size = 0;
  }

  /** Closes the file and gives its digest. */
  async finish(): Promise<{ digest: string; sizeBytes: number }> {
    try {
      await this.#file.sync();
    } catch (error) {
      throw describeStorageFailure(error);
    } finally {
      await this.close();
    }
    return { digest: `sha256:${this.#hash.digest('hex')}`, sizeBytes: this.#size };
  }

  /** Closes the file, whatever state it is in. */
  async close(): Promise<void> {
    await this.#file.close();
  }
}
