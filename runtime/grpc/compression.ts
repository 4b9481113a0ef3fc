import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { ApiError } from '../errors.ts';
import { tooLarge } from './message-reader.ts';
import { PREFIX_BYTES } from './messages.ts';
import { GrpcFailure, GrpcStatus } from './status.ts';

/** The compressions that are spoken. */
export type Encoding = 'identity' | 'gzip' | 'deflate';
const ACCEPT_ENCODING = 'identity,gzip,deflate';

const inflaters = {
  gzip: promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.gunzip),
  deflate: promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.inflate),
};
const deflaters = {
  gzip: promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.gzip),
  deflate: promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.deflate),
};

/** The encoding that a header names. */
export function readEncoding(header: string | string[] | undefined): Encoding {
  if (header === undefined || header === 'identity') return 'identity';
  if (header === 'gzip' || header === 'deflate') return header;
  throw new GrpcFailure(
    GrpcStatus.Unimplemented,
    `grpc-encoding is ${JSON.stringify(String(header).slice(0, 40))}; the server takes ${ACCEPT_ENCODING}.`,
    { 'grpc-accept-encoding': ACCEPT_ENCODING },
  );
}

/** How the answer may be compressed: as the request was, when the client takes that. */
export function answerEncoding(asked: Encoding, accepted: string | string[] | undefined): Encoding {
  if (asked === 'identity' || accepted === undefined) return 'identity';
  const isTaken = String(accepted)
    .split(',')
    .some((name) => name.trim() === asked);
  return isTaken ? asked : 'identity';
}

/** Few at a time: each may grow to the largest message that is taken, and the threads are shared with file access. */
const MAX_AT_ONCE = 2;
let running = 0;
const waiting: (() => void)[] = [];

async function takeTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= MAX_AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  else running += 1;
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  }
}

/** Undoes the compression of a message; never makes more bytes than are taken. */
export async function inflate(encoding: Encoding, bytes: Buffer, maxBytes: number): Promise<Buffer> {
  if (encoding === 'identity')
    throw new GrpcFailure(
      GrpcStatus.Internal,
      'A message is marked as compressed, but grpc-encoding is not there; send it.',
    );
  try {
    return await takeTurn(() => inflaters[encoding](bytes, { maxOutputLength: maxBytes }));
  } catch (error) {
    const isTooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    if (isTooLarge) throw tooLarge('The message has too many bytes when it is uncompressed', maxBytes);
    throw new ApiError(
      'InvalidRequest',
      `The message is not valid ${encoding}; compress it anew, or send it as it is.`,
    );
  }
}

/** Small messages grow by compression. */
const MIN_BYTES = 512;

/** Compresses a framed message. */
export async function deflateFrame(encoding: Encoding, frame: Buffer): Promise<Buffer> {
  if (encoding === 'identity' || frame.length < MIN_BYTES) return frame;
  const packed = await takeTurn(() => deflaters[encoding](frame.subarray(PREFIX_BYTES), { level: 1 }));
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix[0] = 1;
  prefix.writeUInt32BE(packed.length, 1);
  return Buffer.concat([prefix, packed]);
}
