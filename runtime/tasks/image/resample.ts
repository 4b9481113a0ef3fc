/**
 * Resizing exactly as Pillow does it: convolution with a filter that widens when the image shrinks, first across, then down,
 * in fixed point with 22 bits, rounded to 8 bits after each pass. sharp's kernels give other values (up to 17 of 255 off when
 * shrinking and 116 when enlarging fine texture), and models were trained on Pillow's.
 */

/** Pixels of 8 bits, channels interleaved. */
export interface Pixels {
  width: number;
  height: number;
  channels: number;
  data: Uint8Array;
}

/** A size in pixels. */
export interface Size {
  width: number;
  height: number;
}

interface Filter {
  support: number;
  weigh: (x: number) => number;
}

const sinc = (x: number) => (x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI));

function cubic(x: number): number {
  const a = -0.5;
  const at = Math.abs(x);
  if (at < 1) return ((a + 2) * at - (a + 3)) * at * at + 1;
  return at < 2 ? (((at - 5) * at + 8) * at - 4) * a : 0;
}

function hamming(x: number): number {
  const at = Math.abs(x);
  if (at === 0) return 1;
  return at >= 1 ? 0 : sinc(at) * (0.54 + 0.46 * Math.cos(at * Math.PI));
}

/** Filters by their number in Pillow, which is what preprocessor_config.json has; 0 is the nearest pixel. */
const FILTERS: Readonly<Record<number, Filter>> = {
  1: { support: 3, weigh: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
  2: { support: 1, weigh: (x) => Math.max(0, 1 - Math.abs(x)) },
  3: { support: 2, weigh: cubic },
  4: { support: 0.5, weigh: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  5: { support: 1, weigh: hamming },
};

/** True for a number that names a filter. */
export const isFilter = (code: number): boolean => code === 0 || Object.hasOwn(FILTERS, code);

const PRECISION_BITS = 22;
const HALF = 2 ** (PRECISION_BITS - 1);
const ONE = 2 ** PRECISION_BITS;

/** Which pixels go into each pixel of the result, and with which weight. */
interface Weights {
  starts: Int32Array;
  counts: Int32Array;
  /** `width` weights for each pixel of the result. */
  values: Int32Array;
  width: number;
}

function weightsFor({ support, weigh }: Filter, from: number, to: number): Weights {
  const scale = from / to;
  const widened = Math.max(scale, 1);
  const reach = support * widened;
  const width = Math.ceil(reach) * 2 + 1;
  const weights = {
    starts: new Int32Array(to),
    counts: new Int32Array(to),
    values: new Int32Array(to * width),
    width,
  };
  for (let at = 0; at < to; at += 1) {
    const centre = (at + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - reach + 0.5));
    const end = Math.min(from, Math.trunc(centre + reach + 0.5));
    const raw = Array.from({ length: end - start }, (_, index) => weigh((index + start - centre + 0.5) / widened));
    const sum = raw.reduce((total, value) => total + value, 0);
    weights.starts[at] = start;
    weights.counts[at] = end - start;
    weights.values.set(
      raw.map((value) => fixedPoint(sum === 0 ? value : value / sum)),
      at * width,
    );
  }
  return weights;
}

const fixedPoint = (value: number) => Math.trunc((value < 0 ? -0.5 : 0.5) + value * ONE);

const clip = (sum: number) => Math.min(255, Math.max(0, sum >> PRECISION_BITS));

/** One pass: `lines` lines of `to` results each; `along` and `across` are the steps from pixel to pixel and from line to line. */
interface Pass {
  weights: Weights;
  lines: number;
  channels: number;
  source: { data: Uint8Array; along: number; across: number };
  target: { data: Uint8Array; along: number; across: number };
}

function runPass({ weights, lines, channels, source, target }: Pass): void {
  const { starts, counts, values, width } = weights;
  for (let at = 0; at < starts.length; at += 1) {
    const own = values.subarray(at * width, at * width + (counts[at] ?? 0));
    const from = (starts[at] ?? 0) * source.along;
    for (let line = 0; line < lines; line += 1) {
      const read = from + line * source.across;
      const write = at * target.along + line * target.across;
      for (let channel = 0; channel < channels; channel += 1)
        target.data[write + channel] = clip(weighedSum(source, read + channel, own));
    }
  }
}

function weighedSum({ data, along }: Pass['source'], from: number, weights: Int32Array): number {
  let sum = HALF;
  for (let index = 0, read = from; index < weights.length; index += 1, read += along) {
    sum += (data[read] ?? 0) * (weights[index] ?? 0);
  }
  return sum;
}

function resizeAcross(image: Pixels, filter: Filter, width: number): Pixels {
  if (image.width === width) return image;
  const { height, channels } = image;
  const data = new Uint8Array(width * height * channels);
  runPass({
    weights: weightsFor(filter, image.width, width),
    lines: height,
    channels,
    source: { data: image.data, along: channels, across: image.width * channels },
    target: { data, along: channels, across: width * channels },
  });
  return { width, height, channels, data };
}

function resizeDown(image: Pixels, filter: Filter, height: number): Pixels {
  if (image.height === height) return image;
  const { width, channels } = image;
  const row = width * channels;
  const data = new Uint8Array(row * height);
  runPass({
    weights: weightsFor(filter, image.height, height),
    lines: width,
    channels,
    source: { data: image.data, along: row, across: channels },
    target: { data, along: row, across: channels },
  });
  return { width, height, channels, data };
}

function takeNearest(image: Pixels, { width, height }: Size): Pixels {
  const { channels } = image;
  const data = new Uint8Array(width * height * channels);
  const columns = Array.from({ length: width }, (_, x) => Math.floor((x + 0.5) * (image.width / width)));
  for (let y = 0, write = 0; y < height; y += 1) {
    const row = Math.floor((y + 0.5) * (image.height / height)) * image.width;
    for (const column of columns) {
      const read = (row + column) * channels;
      for (let channel = 0; channel < channels; channel += 1) data[write++] = image.data[read + channel] ?? 0;
    }
  }
  return { width, height, channels, data };
}

/** Down comes first where it takes more than twice as many pixels away, as in Pillow 13; before that, across came first always. */
const isDownFirst = (from: Size, to: Size): boolean =>
  to.height < from.height && from.height - to.height > 2 * (from.width - to.width);

/** Resizes with the filter that has this number in Pillow. */
export function resize(image: Pixels, size: Size, code: number): Pixels {
  const filter = FILTERS[code];
  if (filter === undefined) return takeNearest(image, size);
  if (!isDownFirst(image, size)) return resizeDown(resizeAcross(image, filter, size.width), filter, size.height);
  return resizeAcross(resizeDown(image, filter, size.height), filter, size.width);
}
