import { ApiError } from '../errors.ts';
import { messageOf } from '../error-shape.ts';

/** An integer of sixteen digits or more, outside of a fraction: where doubles begin to lose digits. */
const LONG_INTEGER = /[[,:\s-]\d{16,}\s*[,\]}]/;

/** No integer type has more digits; making a bigint of a million of them would hold everybody up. */
const MAX_DIGITS = 40;

const keepLongIntegers = (_key: string, value: unknown, { source = '' }: { source?: string }): unknown => {
  const isInexact =
    typeof value === 'number' && !Number.isSafeInteger(value) && source.length <= MAX_DIGITS && /^-?\d+$/.test(source);
  return isInexact ? BigInt(source) : value;
};

/** Parses JSON with integers beyond 2^53 as bigint, so that no digit is lost; fast where there are none. */
export function parseExactJson(text: string): unknown {
  try {
    // TypeScript's declaration of JSON.parse does not know the reviver's third argument yet.
    return LONG_INTEGER.test(text)
      ? JSON.parse(text, keepLongIntegers as Parameters<typeof JSON.parse>[1])
      : JSON.parse(text);
  } catch (error) {
    throw new ApiError('InvalidJson', `The body is not JSON: ${jsonComplaint(error)}. Send one JSON object.`, {
      cause: error,
    });
  }
}

/** V8 quotes the text around the mistake; its first line is enough. */
function jsonComplaint(error: unknown): string {
  return messageOf(error).split('\n')[0]?.slice(0, 200) ?? '';
}

/** Writes JSON with bigint as plain integers. */
export const stringifyExactJson = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? rawNumber(inner) : inner));

const rawNumber = (value: bigint): unknown =>
  (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(String(value));
