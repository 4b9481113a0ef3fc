import { refuse } from '../../protocol/v2-request.ts';
import { toColours, toGrey } from './decode.ts';
import type { ImageProcessor } from './processor.ts';
import type { Pixels, Size } from './resample.ts';
import { resize } from './resample.ts';
import { cropOf, targetSize } from './sizes.ts';

/** Cuts the middle out, with black around it where the image is too small; the odd pixel goes where transformers puts it. */
function cropMiddle(image: Pixels, size: Size): Pixels {
  const { channels } = image;
  const data = new Uint8Array(size.width * size.height * channels);
  // Negative where there must be padding.
  const left = Math.floor((image.width - size.width) / 2);
  const top = Math.floor((image.height - size.height) / 2);
  const from = Math.max(0, left);
  const count = Math.min(image.width, left + size.width) - from;
  for (let y = Math.max(0, -top); y < size.height && y + top < image.height; y += 1) {
    const read = ((y + top) * image.width + from) * channels;
    const write = (y * size.width + from - left) * channels;
    data.set(image.data.subarray(read, read + count * channels), write);
  }
  return { ...size, channels, data };
}

function padTo(image: Pixels, size: Size, place: string): Pixels {
  if (image.width > size.width || image.height > size.height)
    refuse(
      place,
      `is ${image.width} x ${image.height} pixels after resizing; the model takes at most ${size.width} x ${size.height}. Send a smaller image.`,
    );
  const { channels } = image;
  const data = new Uint8Array(size.width * size.height * channels);
  const row = image.width * channels;
  for (let y = 0; y < image.height; y += 1)
    data.set(image.data.subarray(y * row, (y + 1) * row), y * size.width * channels);
  return { ...size, channels, data };
}

/** Resizes, crops and pads an image. */
export function shapeImage(image: Pixels, processor: ImageProcessor, place: string): Pixels {
  const { resize: rule, resample, crop, pad } = processor;
  let shaped = processor.isGrey ? toGrey(image) : toColours(image);
  if (rule !== undefined) shaped = resize(shaped, targetSize(shaped, rule), resample);
  const ownCrop = cropOf(rule);
  if (ownCrop !== undefined) shaped = cropMiddle(shaped, ownCrop);
  if (crop !== undefined) shaped = cropMiddle(shaped, crop);
  return pad === undefined ? shaped : padTo(shaped, pad, place);
}

/** What each of the 256 values becomes, in single precision at every step, as numpy computes it. */
function valueTable(processor: ImageProcessor, channel: number): Float32Array {
  const { factor, offset, mean, deviation, isDividedTwice } = processor;
  const centre = Math.fround(mean?.[channel] ?? mean?.[0] ?? 0);
  const spread = Math.fround(deviation?.[channel] ?? deviation?.[0] ?? 1);
  return Float32Array.from({ length: 256 }, (_, value) => {
    const scaled = Math.fround(Math.fround(factor === undefined ? value : value * factor) - offset);
    const centred = mean === undefined ? scaled : Math.fround(Math.fround(scaled - centre) / spread);
    return isDividedTwice ? Math.fround(centred / spread) : centred;
  });
}

/** How the model wants the numbers. */
export interface PixelLayout {
  isChannelsLast: boolean;
}

/** The numbers of an image as the model takes them. */
export function imageValues(
  { width, height, channels, data }: Pixels,
  processor: ImageProcessor,
  { isChannelsLast }: PixelLayout,
): Float32Array {
  const plane = width * height;
  const out = new Float32Array(plane * channels);
  for (let channel = 0; channel < channels; channel += 1) {
    const table = valueTable(processor, channel);
    const from = processor.isBlueFirst ? channels - 1 - channel : channel;
    for (let at = 0, read = from; at < plane; at += 1, read += channels) {
      out[isChannelsLast ? at * channels + channel : channel * plane + at] = table[data[read] ?? 0] ?? 0;
    }
  }
  return out;
}
