import { SPACE_LETTER, unitsOf } from './units.ts';
import type { Unit } from './units.ts';
import type { TextEncoder } from './tokenizer.ts';

/** Where a token stands in the text, in code points. */
export type Offset = [start: number, end: number];

const METASPACE = '\u2581';
const isSpace = (text: string) => text.trim() === '';
const PUNCTUATION = /^[\p{P}!-/:-@[-`{-~]$/u;

/** What of a tokenizer decides how its tokens relate to the text. */
interface Traits {
  isByteLevel: boolean;
  isWordPiece: boolean;
  prefix: string;
  unknown: string | undefined;
  /** Words are split at spaces before they get their mark, so no token holds a space. */
  splitsAtSpaces: boolean;
  trims: boolean;
  added: ReadonlySet<string>;
}

/** Finds a part of the definition by its type, however deep in sequences. */
function hasPart(part: unknown, type: string, where: (found: object) => boolean = () => true): boolean {
  if (typeof part !== 'object' || part === null) return false;
  if ('type' in part && part.type === type) return where(part);
  const inner = ['pretokenizers', 'processors', 'normalizers'].flatMap(
    (name) => (part as Record<string, unknown>)[name] ?? [],
  );
  return inner.some((item) => hasPart(item, type, where));
}

function traitsOf({ definition, library }: TextEncoder): Traits {
  const model = (definition['model'] ?? {}) as Record<string, unknown>;
  const { pre_tokenizer: splitter, post_processor: after } = definition;
  const trims = (found: object) => !('trim_offsets' in found) || found.trim_offsets !== false;
  return {
    isByteLevel: hasPart(splitter, 'ByteLevel'),
    isWordPiece: model['type'] === 'WordPiece',
    prefix: typeof model['continuing_subword_prefix'] === 'string' ? model['continuing_subword_prefix'] : '',
    unknown: library.model?.unk_token,
    splitsAtSpaces: hasPart(splitter, 'WhitespaceSplit'),
    trims: hasPart(after, 'RobertaProcessing', trims) || hasPart(after, 'ByteLevel', trims),
    added: new Set([...library.get_added_tokens_decoder().values()].map(({ content }) => content)),
  };
}

/** Walks through a text, one token after another. */
class Walk {
  readonly #units: readonly Unit[];
  readonly #letters: readonly string[];
  readonly #traits: Traits;
  #at = 0;

  constructor(text: string, units: readonly Unit[], traits: Traits) {
    this.#letters = Array.from(text);
    this.#units = units;
    this.#traits = traits;
  }

  /** The place of the next token. */
  take(token: string): Offset {
    const { added, isWordPiece, unknown } = this.#traits;
    if (isWordPiece && token === unknown) return this.#takeUnknownWord();
    if (added.has(token)) return this.#takeAdded(token);
    return this.#trim(token, this.#takeLetters(this.#surface(token)));
  }

  #surface(token: string): string[] {
    const { prefix } = this.#traits;
    return Array.from(prefix !== '' && token.startsWith(prefix) ? token.slice(prefix.length) : token);
  }

  get #here(): number {
    return this.#units[this.#at]?.start ?? this.#letters.length;
  }

  #takeAdded(token: string): Offset {
    const letters = Array.from(token);
    let start = this.#here;
    while (start < this.#letters.length && !letters.every((letter, index) => this.#letters[start + index] === letter))
      start += 1;
    const end = Math.min(this.#letters.length, start + letters.length);
    while (this.#at < this.#units.length && this.#here < end) this.#at += 1;
    return [start, end];
  }

  #skipSpaces(): void {
    while (this.#at < this.#units.length && isSpace(this.#units[this.#at]?.text ?? '')) this.#at += 1;
  }

  /** WordPiece gives up on a whole word. */
  #takeUnknownWord(): Offset {
    this.#skipSpaces();
    const start = this.#here;
    let end = start;
    for (let isFirst = true; this.#at < this.#units.length; isFirst = false) {
      const unit = this.#units[this.#at];
      if (unit === undefined || isSpace(unit.text)) break;
      const isMark = PUNCTUATION.test(unit.text);
      if (isMark && !isFirst) break;
      end = unit.end;
      this.#at += 1;
      if (isMark) break;
    }
    return [start, end];
  }

  #takeLetters(letters: readonly string[]): Offset {
    const taken: Unit[] = [];
    for (const letter of letters) {
      if (this.#isAddedSpace(letter)) continue;
      if (!this.#traits.isByteLevel && letter !== METASPACE) this.#skipSpaces();
      const unit = this.#units[this.#at];
      if (unit === undefined) break;
      taken.push(unit);
      this.#at += 1;
    }
    const [first] = taken;
    return first === undefined ? this.#nextLetter() : [first.start, taken.at(-1)?.end ?? first.end];
  }

  /** The mark of a word alone stands for the letter that follows. */
  #nextLetter(): Offset {
    if (!this.#traits.isByteLevel) this.#skipSpaces();
    const next = this.#units[this.#at];
    return next === undefined ? [this.#letters.length, this.#letters.length] : [next.start, next.end];
  }

  /** A space or mark that the tokenizer put in, which is not in the text. */
  #isAddedSpace(letter: string): boolean {
    const { isByteLevel, splitsAtSpaces } = this.#traits;
    if (isByteLevel) return letter === SPACE_LETTER && this.#units[this.#at]?.text !== SPACE_LETTER;
    if (letter !== METASPACE) return false;
    const next = this.#units[this.#at]?.text ?? '';
    return splitsAtSpaces || (!isSpace(next) && next !== METASPACE);
  }

  #trim(token: string, [start, end]: Offset): Offset {
    const { isByteLevel, trims } = this.#traits;
    if (!isByteLevel || !trims) return [start, end];
    const letters = Array.from(token);
    const leading = letters.findIndex((letter) => letter !== SPACE_LETTER);
    const from = Math.min(end, start + (leading === -1 ? letters.length : leading));
    const trailing = letters.length - 1 - letters.findLastIndex((letter) => letter !== SPACE_LETTER);
    return [from, Math.max(from, trailing > 0 && leading !== -1 ? end - trailing : end)];
  }
}

/** Where each token of a text stands; the tokens are those of the text itself, without special ones. */
export function findOffsets(encoder: TextEncoder, text: string, tokens: readonly string[]): Offset[] {
  const traits = traitsOf(encoder);
  const { normalizer } = encoder.library;
  const units = unitsOf(text, (part) => normalizer?.normalize(part) ?? part, traits.isByteLevel);
  const walk = new Walk(text, units, traits);
  return tokens.map((token) => walk.take(token));
}
