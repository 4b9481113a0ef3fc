import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { codeOf } from '../error-shape.ts';
import { ApiError } from '../errors.ts';
import { tooLarge } from './read-body.ts';

const gunzip = promisify(zlib.gunzip);
const inflate = promisify(zlib.inflate);
const gzip = promisify(zlib.gzip);
const deflate = promisify(zlib.deflate);

/** Smaller answers gain nothing from being compressed. */
const MIN_BYTES = 1024;

/** Uncompresses a body, never to more than the limit: a small bomb must not fill the memory. */
export async function decompress(body: Buffer, encoding: string | undefined, maxBytes: number): Promise<Buffer> {
  switch (encoding?.trim().toLowerCase()) {
    case undefined:
    case '':
    case 'identity':
      return body;
    case 'gzip':
    case 'x-gzip':
      return guarded(gunzip(body, { maxOutputLength: maxBytes }), { encoding: 'gzip', maxBytes });
    case 'deflate':
      return guarded(inflate(body, { maxOutputLength: maxBytes }), { encoding: 'deflate', maxBytes });
    default:
      throw new ApiError(
        'UnsupportedContent',
        `content-encoding is ${JSON.stringify(encoding?.slice(0, 40))}; send gzip, deflate or no encoding.`,
      );
  }
}

interface Inflating {
  encoding: string;
  maxBytes: number;
}

async function guarded(inflating: Promise<Buffer>, { encoding, maxBytes }: Inflating): Promise<Buffer> {
  try {
    return await inflating;
  } catch (error) {
    if (codeOf(error) === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes);
    throw new ApiError('UnsupportedContent', `The body is not ${encoding}, although content-encoding says so.`, {
      cause: error,
    });
  }
}

/** An encoding that the client takes and that we make; undefined for none. */
export function chooseEncoding(accepted: string | undefined): 'gzip' | 'deflate' | undefined {
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
  encoding: 'gzip' | 'deflate',
): Promise<readonly Uint8Array[] | undefined> {
  const whole = typeof body === 'string' ? Buffer.from(body) : Buffer.concat(body);
  if (whole.byteLength < MIN_BYTES) return undefined;
  return [await (encoding === 'gzip' ? gzip : deflate)(whole)];
}
