import { readSync, writeSync } from 'node:fs';
import type { EngineErrorKind, OpenOptions } from '../engine.ts';
import { EngineError } from '../engine.ts';
import { loadOnnxRuntime } from '../load-onnxruntime.ts';
import { OnnxModel } from '../onnx-model.ts';
import type { Frame } from './frame.ts';
import { FrameKind, HEAD_BYTES, answerFrame, jsonFrame, readFrame, typedTensor } from './frame.ts';
import { messageOf } from '../../error-shape.ts';

const STDIN = 0;
const STDOUT = 1;
/** Frames up to this size are read into room that is kept and grows: nothing has to be collected after them. */
const MAX_ROOM_BYTES = 4 * 1024 * 1024;
const MIN_ROOM_BYTES = 256 * 1024;
/** Above this the memory of a frame is asked back at once: this process has no idle time in which it would be. */
const LARGE_BYTES = 8 * 1024 * 1024;

/** What `open` carries. */
export interface OpenJob extends OpenOptions {
  modelPath: string;
}

/** How a failure travels. */
export interface FailureNote {
  kind: EngineErrorKind;
  message: string;
}

let room: Buffer = Buffer.allocUnsafeSlow(MIN_ROOM_BYTES);

/** Reads one frame, waiting for it as long as it takes; undefined when the server has gone. */
function nextFrame(): Buffer | undefined {
  let have = 0;
  let frame: Buffer = room;
  let size = HEAD_BYTES;
  while (have < size) {
    const got = readSync(STDIN, frame, have, frame.byteLength - have, null);
    if (got === 0) return undefined;
    have += got;
    if (size === HEAD_BYTES && have >= HEAD_BYTES) {
      size = room.readUInt32LE(0);
      frame = roomFor(size, have);
    }
  }
  return frame.subarray(0, size);
}

/** The room if the frame fits into it, else more, with what has been read so far. */
function roomFor(size: number, have: number): Buffer {
  if (size <= room.byteLength) return room;
  const larger = Buffer.allocUnsafeSlow(size > MAX_ROOM_BYTES ? size : 2 ** Math.ceil(Math.log2(size)));
  room.copy(larger, 0, 0, have);
  if (size <= MAX_ROOM_BYTES) room = larger;
  return larger;
}

function send(chunks: readonly Uint8Array[]): void {
  const total = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  const parts = total <= MIN_ROOM_BYTES ? [Buffer.concat(chunks, total)] : chunks;
  for (const part of parts) {
    for (let at = 0; at < part.byteLength;) at += writeSync(STDOUT, part, at, part.byteLength - at);
  }
}

const failed = (error: unknown) =>
  jsonFrame(FrameKind.failed, {
    kind: error instanceof EngineError ? error.kind : 'failed',
    message: messageOf(error),
  } satisfies FailureNote);

let model: OnnxModel | undefined;

function open({ modelPath, ...options }: OpenJob): Uint8Array[] {
  model = OnnxModel.open(modelPath, options);
  return jsonFrame(FrameKind.opened, { inputs: model.inputs, outputs: model.outputs });
}

function run({ lead, tensors }: Extract<Frame, { kind: 'tensors' }>): Uint8Array[] {
  const loaded = model;
  if (loaded === undefined) throw new EngineError('failed', 'The model is not loaded.');
  const inputs = tensors.map((tensor) => {
    const spec = loaded.inputs[tensor.index];
    if (spec === undefined) throw new EngineError('failed', `There is no input ${tensor.index}.`);
    return typedTensor(spec, tensor);
  });
  const names = lead.map((index) => loaded.outputs[index]?.name ?? '');
  const startedAt = performance.now();
  const outputs = loaded.run(inputs, names);
  return answerFrame(outputs, Math.round((performance.now() - startedAt) * 1000));
}

function answer(bytes: Buffer): Uint8Array[] {
  const frame = readFrame(bytes);
  return frame.kind === 'json' ? open(frame.value as OpenJob) : run(frame);
}

/** A process that waits for its model has the library by then. What goes wrong is told when the model is opened. */
function loadLibraryEarly(): void {
  try {
    loadOnnxRuntime();
  } catch {
    // Tried again, and told, by `open`.
  }
}

/**
 * Serves one model to the server that started this process. There is no event loop in here: it waits for a frame, runs,
 * answers and waits again. That is simpler and cheaper than an event loop that has one thing to do (docs/decisions/0007).
 */
export function runEngineProcess(): number {
  loadLibraryEarly();
  for (;;) {
    const size = answerNext();
    if (size === undefined) return 0;
    if (size > LARGE_BYTES) globalThis.gc?.();
  }
}

/** Answers one frame and gives the bytes that it took. A function of its own, so that nothing holds them afterwards. */
function answerNext(): number | undefined {
  const frame = nextFrame();
  if (frame === undefined) return undefined;
  let reply: Uint8Array[];
  try {
    reply = answer(frame);
  } catch (error) {
    reply = failed(error);
  }
  send(reply);
  return frame.byteLength + reply.reduce((sum, chunk) => sum + chunk.byteLength, 0);
}
