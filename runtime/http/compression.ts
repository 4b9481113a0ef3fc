import type { Transform } from 'node:stream';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { codeOf } from '../error-shape.ts';
import { ApiError } from '../errors.ts';
import { GrowingBuffer } from './growing-buffer.ts';
import { tooLarge } from './read-body.ts';

const gunzip = promisify(zlib.gunzip);
const inflate = promisify(zlib.inflate);
const gzip = promisify(zlib.gzip);
const deflate = promisify(zlib.deflate);

/** Smaller answers gain nothing from being compressed. */
const MIN_BYTES = 1024;
/** Up to here everything is done in one go. */
const SMALL_BYTES = 1024 * 1024;
const PIECES = { chunkSize: 64 * 1024 };

/** Uncompresses a body, never to more than the limit: a small bomb must not fill the memory. */
export async function decompress(body: Buffer, encoding: string | undefined, maxBytes: number): Promise<Buffer> {
  switch (encoding?.trim().toLowerCase()) {
    case undefined:
    case '':
    case 'identity':
      return body;
    case 'gzip':
    case 'x-gzip':
      return inflated(body, 'gzip', maxBytes);
    case 'deflate':
      return inflated(body, 'deflate', maxBytes);
    default:
      throw new ApiError(
        'UnsupportedContent',
        `content-encoding is ${JSON.stringify(encoding?.slice(0, 40))}; send gzip, deflate or no encoding.`,
      );
  }
}

type Encoding = 'gzip' | 'deflate';

/** Small bodies in one go, large ones piece by piece: to put them together at the end would hold up others. */
async function inflated(body: Buffer, encoding: Encoding, maxBytes: number): Promise<Buffer> {
  try {
    return await (encoding === 'gzip' ? gunzip : inflate)(body, { maxOutputLength: Math.min(maxBytes, SMALL_BYTES) });
  } catch (error) {
    if (codeOf(error) !== 'ERR_BUFFER_TOO_LARGE') throw notInflatable(encoding, error);
  }
  if (maxBytes <= SMALL_BYTES) throw tooLarge(maxBytes);
  try {
    return await collect(
      [body],
      encoding === 'gzip' ? zlib.createGunzip(PIECES) : zlib.createInflate(PIECES),
      maxBytes,
    );
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw notInflatable(encoding, error);
  }
}

const notInflatable = (encoding: Encoding, cause: unknown) =>
  new ApiError('UnsupportedContent', `The body is not ${encoding}, although content-encoding says so.`, { cause });

async function collect(chunks: readonly Uint8Array[], through: Transform, maxBytes: number): Promise<Buffer> {
  const out = new GrowingBuffer(0);
  const source = Readable.from(chunks).on('error', () => {});
  for await (const piece of source.pipe(through) as AsyncIterable<Buffer>) {
    if (out.size + piece.byteLength > maxBytes) throw tooLarge(maxBytes);
    out.add(piece);
  }
  return out.take();
}

/** An encoding that the client takes and that we make; undefined for none. */
export function chooseEncoding(accepted: string | undefined): Encoding | undefined {
  if (accepted === undefined || accepted === 'identity') return undefined;
  const offers = accepted.split(',', 16).map((offer) => {
    const [name = '', ...parameters] = offer.trim().toLowerCase().split(';');
    const quality = parameters.map((parameter) => /^\s*q=([\d.]+)\s*$/.exec(parameter)?.[1]).find(Boolean);
    return { name: name.trim(), quality: Number(quality ?? 1) };
  });
  const quality = (name: string) => offers.find((offer) => offer.name === name || offer.name === '*')?.quality ?? 0;
  if (quality('gzip') > 0 && quality('gzip') >= quality('deflate')) return 'gzip';
  return quality('deflate') > 0 ? 'deflate' : undefined;
}

/** Compresses an answer where it is worth it; undefined where it is not. Runs beside the event loop. */
export async function compress(
  body: string | readonly Uint8Array[],
  encoding: Encoding,
): Promise<readonly Uint8Array[] | undefined> {
  const chunks = typeof body === 'string' ? [Buffer.from(body)] : body;
  const size = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  if (size < MIN_BYTES) return undefined;
  if (size <= SMALL_BYTES) return [await (encoding === 'gzip' ? gzip : deflate)(Buffer.concat(chunks, size))];
  return [await collect(chunks, encoding === 'gzip' ? zlib.createGzip(PIECES) : zlib.createDeflate(PIECES), Infinity)];
}
