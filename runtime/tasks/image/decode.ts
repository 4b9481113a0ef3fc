import { createRequire } from 'node:module';
import type sharpType from 'sharp';
import type { Sharp as Image } from 'sharp';
import { ApiError } from '../../errors.ts';
import { refuse } from '../../protocol/v2-request.ts';
import type { Pixels } from './resample.ts';

/** More pixels than this are refused before anything is decoded. */
const MAX_PIXELS = 40_000_000;

/** The formats that are taken, by their first bytes. Everything else is never shown to a decoder. */
const SIGNATURES: readonly { format: string; at: number; bytes: readonly number[] }[] = [
  { format: 'JPEG', at: 0, bytes: [0xff, 0xd8, 0xff] },
  { format: 'PNG', at: 0, bytes: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] },
  { format: 'GIF', at: 0, bytes: [0x47, 0x49, 0x46, 0x38] },
  { format: 'WebP', at: 8, bytes: [0x57, 0x45, 0x42, 0x50] },
  { format: 'TIFF', at: 0, bytes: [0x49, 0x49, 0x2a, 0x00] },
  { format: 'TIFF', at: 0, bytes: [0x4d, 0x4d, 0x00, 0x2a] },
];
const LOADERS = ['Jpeg', 'Png', 'Nsgif', 'Webp', 'Tiff'].map((name) => `VipsForeignLoad${name}`);

type Sharp = typeof sharpType;
let loaded: Sharp | undefined;

/** The native decoder, loaded when the first image comes: only the task process ever gets here. It is no part of the bundle. */
const loadSharp = (): Sharp => (loaded ??= prepareSharp(createRequire(import.meta.url)('sharp') as Sharp));

function prepareSharp(sharp: Sharp): Sharp {
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: LOADERS });
  sharp.cache(false);
  sharp.concurrency(1);
  return sharp;
}

/** The format of an image, by its first bytes. */
const formatOf = (bytes: Uint8Array): string | undefined =>
  SIGNATURES.find((signature) => signature.bytes.every((byte, index) => bytes[signature.at + index] === byte))?.format;

/** Decodes an image as Pillow does: upright, its first frame, RGB of 8 bits, transparency and colour profile left out. */
export async function decodeImage(bytes: Uint8Array, place: string): Promise<Pixels> {
  const format = formatOf(bytes);
  if (format === undefined) refuseFormat(bytes, place);
  const sharp = loadSharp();
  const options = { autoOrient: true, ignoreIcc: true, failOn: 'error', limitInputPixels: MAX_PIXELS } as const;
  try {
    const { width, height, space } = await sharp(bytes, { limitInputPixels: false }).metadata();
    if (width * height > MAX_PIXELS) refuseSize(place, width, height);
    const image = sharp(bytes, options);
    return await (space === 'cmyk' ? readInks(image) : readColours(image));
  } catch (error) {
    if (error instanceof ApiError) throw error;
    const problem = `is a ${format} image that cannot be decoded; it is corrupt, cut short or too complex. Send a whole image.`;
    throw new ApiError('InvalidRequest', `${place} ${problem}`, { cause: error });
  }
}

async function readColours(image: Image): Promise<Pixels> {
  const { data, info } = await image
    .toColourspace('srgb')
    .removeAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, channels: info.channels, data: plainBytes(data) };
}

/** A plain array of the same bytes: loops over it are not made for Buffers as well. */
const plainBytes = (data: Buffer): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** Inks become colours by Pillow's plain formula, not by a colour profile. */
async function readInks(image: Image): Promise<Pixels> {
  const { data, info } = await image
    .pipelineColourspace('cmyk')
    .toColourspace('cmyk')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const out = new Uint8Array(info.width * info.height * 3);
  for (let read = 0, write = 0; write < out.length; read += info.channels) {
    const light = 255 - (data[read + 3] ?? 0);
    for (let ink = 0; ink < 3; ink += 1) {
      const product = (data[read + ink] ?? 0) * light + 128;
      out[write++] = Math.max(0, light - (((product >> 8) + product) >> 8));
    }
  }
  return { width: info.width, height: info.height, channels: 3, data: out };
}

function refuseSize(place: string, width: number, height: number): never {
  refuse(place, `is an image of ${width} x ${height} pixels; at most ${MAX_PIXELS} pixels are taken. Make it smaller.`);
}

function refuseFormat(bytes: Uint8Array, place: string): never {
  if (bytes.byteLength === 0) refuse(place, 'is empty; send the bytes of an image.');
  const start = Buffer.from(bytes.subarray(0, 12)).toString('latin1');
  const shown = JSON.stringify(start.replaceAll(/[^\x20-\x7e]/g, '.'));
  refuse(place, `is no image that is taken here (it starts with ${shown}); send JPEG, PNG, WebP, GIF or TIFF.`);
}

/** Colours become shades of grey by Pillow's formula (ITU-R 601). */
export function toGrey({ width, height, channels, data }: Pixels): Pixels {
  if (channels === 1) return { width, height, channels, data };
  const grey = new Uint8Array(width * height);
  for (let at = 0, read = 0; at < grey.length; at += 1, read += channels) {
    const red = data[read] ?? 0;
    const green = data[read + 1] ?? 0;
    const blue = data[read + 2] ?? 0;
    grey[at] = (red * 19_595 + green * 38_470 + blue * 7471 + 0x8000) >> 16;
  }
  return { width, height, channels: 1, data: grey };
}

/** Grey as three equal colours. */
export function toColours({ width, height, channels, data }: Pixels): Pixels {
  if (channels === 3) return { width, height, channels, data };
  const out = new Uint8Array(width * height * 3);
  for (let at = 0; at < data.length; at += 1) out.fill(data[at] ?? 0, at * 3, at * 3 + 3);
  return { width, height, channels: 3, data: out };
}
