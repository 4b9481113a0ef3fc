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

// The loops below see every pixel of every image: they look values up without asking whether they are there.

/** One line of an image of one channel, or of one channel among several. */
function shrinkLine(
  image: Pixels,
  weights: Weights,
  { from, out, to }: { from: number; out: Uint8Array; to: number },
): void {
  const { data, channels } = image;
  const { starts, counts, values, width } = weights;
  for (let at = 0, write = to; at < starts.length; at += 1, write += channels) {
    const first = at * width;
    const last = first + (counts[at] as number);
    let sum = HALF;
    for (let index = first, read = from + (starts[at] as number) * channels; index < last; index += 1, read += channels)
      sum += (data[read] as number) * (values[index] as number);
    out[write] = clip(sum);
  }
}

/** One line of an image of three channels, all at once. */
function shrinkColours(
  { data }: Pixels,
  weights: Weights,
  { from, out, to }: { from: number; out: Uint8Array; to: number },
): void {
  const { starts, counts, values, width } = weights;
  for (let at = 0, write = to; at < starts.length; at += 1, write += 3) {
    const first = at * width;
    const last = first + (counts[at] as number);
    let red = HALF;
    let green = HALF;
    let blue = HALF;
    for (let index = first, read = from + (starts[at] as number) * 3; index < last; index += 1, read += 3) {
      const weight = values[index] as number;
      red += (data[read] as number) * weight;
      green += (data[read + 1] as number) * weight;
      blue += (data[read + 2] as number) * weight;
    }
    out[write] = clip(red);
    out[write + 1] = clip(green);
    out[write + 2] = clip(blue);
  }
}

function resizeAcross(image: Pixels, filter: Filter, width: number): Pixels {
  if (image.width === width) return image;
  const { height, channels } = image;
  const out = new Uint8Array(width * height * channels);
  const weights = weightsFor(filter, image.width, width);
  for (let line = 0; line < height; line += 1) {
    const from = line * image.width * channels;
    const to = line * width * channels;
    if (channels === 3) shrinkColours(image, weights, { from, out, to });
    else
      for (let channel = 0; channel < channels; channel += 1)
        shrinkLine(image, weights, { from: from + channel, out, to: to + channel });
  }
  return { width, height, channels, data: out };
}

/** Adds a line to sums, each value times the weight. */
function addLine(sums: Int32Array, line: Uint8Array, weight: number): void {
  for (let at = 0; at < sums.length; at += 1) sums[at] = (sums[at] as number) + (line[at] as number) * weight;
}

function resizeDown(image: Pixels, filter: Filter, height: number): Pixels {
  if (image.height === height) return image;
  const { width, channels } = image;
  const size = width * channels;
  const data = new Uint8Array(size * height);
  const { starts, counts, values, width: most } = weightsFor(filter, image.height, height);
  const sums = new Int32Array(size);
  for (let at = 0; at < height; at += 1) {
    sums.fill(HALF);
    const start = starts[at] as number;
    for (let index = 0; index < (counts[at] as number); index += 1) {
      const line = image.data.subarray((start + index) * size, (start + index + 1) * size);
      addLine(sums, line, values[at * most + index] as number);
    }
    for (let column = 0; column < size; column += 1) data[at * size + column] = clip(sums[column] as number);
  }
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
