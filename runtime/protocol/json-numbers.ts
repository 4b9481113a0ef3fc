/**
 * Reads a long list of numbers straight from the bytes of a JSON body, several times as fast as building a JavaScript array
 * first. It knows only the plain case: whatever it does not understand, or would not give exactly, it leaves to JSON.parse.
 */

const [MINUS, PLUS, DOT, COMMA, OPEN, CLOSE] = [0x2d, 0x2b, 0x2e, 0x2c, 0x5b, 0x5d];
const [ZERO, NINE, UPPER_E, LOWER_E] = [0x30, 0x39, 0x45, 0x65];
const MAX_DEPTH = 16;
/** More digits than this and a double no longer holds each of them. */
const EXACT_DIGITS = 15;
/** To look at four bytes at once: the halves of a byte that say "digit", the halves that say which, and pairs of digits. */
const HIGH_HALVES = 0xf0f0f0f0 | 0;
const LOW_HALVES = 0x0f0f0f0f;
const ZEROS = 0x30303030;
const SIXES = 0x06060606;
const PAIRS = 0x00ff00ff;
/** Beyond this the rounding of the sum could add up to more than the share below allows. */
const MAX_DIGITS = 22;
/** Powers of ten up to this one are exact doubles. */
const MAX_POWER = 22;
const POWERS = Float64Array.from({ length: MAX_POWER + 1 }, (_, power) => Number(`1e${power}`));
/** Putting the digits together and dividing once is off by at most this share; where that could change the 32-bit float, the slow way is taken. */
const BELOW = 1 - 2 ** -49;
const ABOVE = 1 + 2 ** -49;

/** Where a list stands in a body: its opening bracket, and the byte after its closing one. */
export interface ListPlace {
  start: number;
  end: number;
}

/** Reads the numbers of one innermost list after another. */
class NumberReader {
  /** Next byte to read. */
  at: number;
  /** Numbers read. */
  length = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #end: number;
  readonly #out: Float32Array | Float64Array;

  constructor(bytes: Uint8Array, { start, end }: ListPlace, out: Float32Array | Float64Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#end = end;
    this.#out = out;
    this.at = start;
  }

  /** Skips white space and gives the byte after it. */
  peek(): number {
    let byte = this.#bytes[this.at] ?? 0;
    while (isSpace(byte)) byte = this.#bytes[(this.at += 1)] ?? 0;
    return byte;
  }

  /** Reads `number, number, …` up to a bracket; false where JSON.parse has to look at it. */
  // oxlint-disable complexity, max-depth, max-lines-per-function -- one loop over bytes; a call for each number costs more than its digits
  readRow(): boolean {
    const bytes = this.#bytes;
    const view = this.#view;
    const end = this.#end;
    const out = this.#out;
    const isSingle = out instanceof Float32Array;
    const most = out.length;
    let at = this.at;
    let length = this.length;
    for (;;) {
      let byte = bytes[at] ?? 0;
      while (isSpace(byte)) byte = bytes[(at += 1)] ?? 0;
      const isNegative = byte === MINUS;
      if (isNegative) byte = bytes[(at += 1)] ?? 0;
      const first = at;
      let mantissa = 0;
      while (byte >= ZERO && byte <= NINE) {
        mantissa = mantissa * 10 + (byte - ZERO);
        byte = bytes[(at += 1)] ?? 0;
      }
      const whole = at - first;
      // JSON has no leading zeros.
      if (whole === 0 || (whole > 1 && bytes[first] === ZERO)) return false;
      let decimals = 0;
      if (byte === DOT) {
        const point = (at += 1);
        // Four digits at a time where there are four.
        while (at + 4 <= end) {
          const four = view.getInt32(at, true);
          if ((four & HIGH_HALVES) !== ZEROS || (((four + SIXES) | 0) & HIGH_HALVES) !== ZEROS) break;
          const halves = four & LOW_HALVES;
          const pairs = (Math.imul(halves, 10) + (halves >> 8)) & PAIRS;
          mantissa = mantissa * 10_000 + ((pairs & 0xff) * 100 + (pairs >> 16));
          at += 4;
        }
        byte = bytes[at] ?? 0;
        while (byte >= ZERO && byte <= NINE) {
          mantissa = mantissa * 10 + (byte - ZERO);
          byte = bytes[(at += 1)] ?? 0;
        }
        decimals = at - point;
        if (decimals === 0) return false;
      }
      let value = decimals === 0 ? mantissa : decimals > MAX_POWER ? NaN : mantissa / (POWERS[decimals] ?? 1);
      const digits = whole + decimals;
      const isEnough =
        digits <= EXACT_DIGITS ||
        (isSingle && digits <= MAX_DIGITS && Math.fround(value * BELOW) === Math.fround(value * ABOVE));
      if (byte === LOWER_E || byte === UPPER_E || !isEnough) {
        if (!isSingle) return false;
        at = endOfNumber(bytes, at);
        value = numberAt(bytes, first, at);
        byte = bytes[at] ?? 0;
      }
      if (length >= most || !Number.isFinite(isSingle ? Math.fround(value) : value)) return false;
      out[length] = isNegative ? -value : value;
      length += 1;
      while (isSpace(byte)) byte = bytes[(at += 1)] ?? 0;
      if (byte === CLOSE) {
        this.at = at;
        this.length = length;
        return true;
      }
      if (byte !== COMMA) return false;
      at += 1;
    }
  }
  // oxlint-enable complexity, max-depth, max-lines-per-function
}

/** Fills `out` with the numbers of a list and gives the sizes of its lists; undefined when JSON.parse has to look at it. */
export function scanNumbers(
  bytes: Uint8Array,
  place: ListPlace,
  out: Float32Array | Float64Array,
): number[] | undefined {
  const reader = new NumberReader(bytes, place, out);
  const sizes = readList(reader, 0);
  return sizes !== undefined && reader.at === place.end && reader.length === out.length ? sizes : undefined;
}

/** Reads the list that begins here; all lists of one level must have the same sizes. */
function readList(reader: NumberReader, depth: number): number[] | undefined {
  if (reader.peek() !== OPEN || depth === MAX_DEPTH) return undefined;
  reader.at += 1;
  return reader.peek() === OPEN ? readLists(reader, depth) : readNumbers(reader);
}

function readNumbers(reader: NumberReader): number[] | undefined {
  const before = reader.length;
  if (!reader.readRow()) return undefined;
  reader.at += 1;
  return [reader.length - before];
}

function readLists(reader: NumberReader, depth: number): number[] | undefined {
  let inner: number[] | undefined;
  for (let count = 1; ; count += 1) {
    const sizes = readList(reader, depth + 1);
    if (sizes === undefined || (inner !== undefined && sizes.join() !== inner.join())) return undefined;
    inner = sizes;
    const next = reader.peek();
    if (next !== CLOSE && next !== COMMA) return undefined;
    reader.at += 1;
    if (next === CLOSE) return [count, ...inner];
  }
}

const isSpace = (byte: number) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/** The end of a number with an exponent. */
function endOfNumber(bytes: Uint8Array, from: number): number {
  let at = from;
  for (;;) {
    const byte = bytes[at] ?? 0;
    const isDigit = byte >= ZERO && byte <= NINE;
    if (!isDigit && byte !== MINUS && byte !== PLUS && byte !== UPPER_E && byte !== LOWER_E) return at;
    at += 1;
  }
}

/** JSON.parse, not Number(): it refuses what JSON does not know. NaN stands for "not a number of JSON". */
function numberAt(bytes: Uint8Array, from: number, to: number): number {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1');
  try {
    return JSON.parse(text) as number;
  } catch {
    return NaN;
  }
}
