/** The smallest part of a normalised text that tokens are made of, and where it comes from. */
export interface Unit {
  text: string;
  /** Place in the original text, in code points, as Python counts. */
  start: number;
  end: number;
}

/** A character with the marks that follow it. */
const CLUSTER = /\P{M}\p{M}*|\p{M}+/gsu;
function printable(code: number): boolean {
  return (code >= 33 && code <= 126) || (code >= 161 && code <= 172) || (code >= 174 && code <= 255);
}

/** How byte-level tokenizers write each byte: as itself where it is printable, and as a letter from 256 on otherwise. */
const BYTE_LETTERS: readonly string[] = (() => {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(printable(byte) ? byte : next++));
})();

/** How byte-level tokenizers write a space. */
export const SPACE_LETTER = BYTE_LETTERS[32] ?? '';

/** Takes a text apart into the units that its tokens are made of. */
export function unitsOf(text: string, normalise: (part: string) => string, isByteLevel: boolean): Unit[] {
  const units: Unit[] = [];
  let at = 0;
  for (const [cluster] of text.matchAll(CLUSTER)) {
    const length = Array.from(cluster).length;
    const normal = Array.from(normaliseOne(cluster, normalise));
    for (const [index, letter] of normal.entries()) {
      const start = at + Math.min(index, length - 1);
      const parts = isByteLevel ? Array.from(Buffer.from(letter), (byte) => BYTE_LETTERS[byte] ?? '') : [letter];
      for (const part of parts) units.push({ text: part, start, end: start + 1 });
    }
    at += length;
  }
  return units;
}

function normaliseOne(cluster: string, normalise: (part: string) => string): string {
  const normal = normalise(cluster);
  return normal === '' && cluster.trim() === '' ? cluster : normal;
}

const BYTE_OF: ReadonlyMap<string, number> = new Map(BYTE_LETTERS.map((letter, byte) => [letter, byte]));

/** Byte-level tokens as text. Words that are text already, as they come from a grouping, stay as they are. */
export function joinByteLevel(words: readonly string[]): string {
  const parts = words.map((word) => {
    const bytes = Array.from(word, (letter) => BYTE_OF.get(letter));
    return bytes.includes(undefined) ? Buffer.from(word) : Buffer.from(bytes as number[]);
  });
  return Buffer.concat(parts).toString('utf8');
}
