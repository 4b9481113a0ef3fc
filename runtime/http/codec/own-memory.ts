import { setImmediate as nextTurn } from 'node:timers/promises';
import { types } from 'node:util';
import { isMarkedAsUntransferable } from 'node:worker_threads';
import type { TensorData } from '../../protocol/tensor.ts';

/** Copying more than this in one go would be felt by others. */
const SLICE_BYTES = 1024 * 1024;

/** Bytes that can be given to another thread: the very ones where they are alone in their memory, else a copy. */
export async function ownBytes(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const { buffer, byteLength } = bytes;
  const isAlone = types.isArrayBuffer(buffer) && buffer.byteLength === byteLength;
  if (isAlone && !isMarkedAsUntransferable(buffer)) return new Uint8Array(buffer);
  return copyInTurns(bytes);
}

/** A copy of the elements of a tensor, made in turns with everything else that the server does. */
export async function copyElements<T extends Exclude<TensorData, string[]>>(data: T): Promise<T> {
  const bytes = await copyInTurns(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  const View = data.constructor as new (buffer: ArrayBuffer) => T;
  return new View(bytes.buffer);
}

async function copyInTurns(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  // Memory that is not filled with zeros first.
  const copy = Buffer.allocUnsafeSlow(bytes.byteLength) as Buffer<ArrayBuffer>;
  for (let at = 0; at < bytes.byteLength; at += SLICE_BYTES) {
    if (at > 0) await nextTurn();
    copy.set(bytes.subarray(at, at + SLICE_BYTES), at);
  }
  return new Uint8Array(copy.buffer);
}
