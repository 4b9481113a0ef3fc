import type { Tokenizer as Library } from '@huggingface/tokenizers';
import { ApiError } from '../../errors.ts';
import { refuse } from '../../protocol/v2-request.ts';
import type { PostProcessor, Template } from './template.ts';
import { readTemplate, shareRoom, specialCount } from './template.ts';

/** Longer texts are refused before they are looked at. */
const MAX_CHARACTERS = 100_000;
/** All texts of one request together have at most so many characters. */
const MAX_CHARACTERS_IN_ALL = 1_000_000;

/** How a text is fitted to the model. */
export interface EncodeOptions {
  /** Cut what is too long; otherwise it is refused. */
  truncate: boolean;
  side: 'left' | 'right';
}

/** A text as the model takes it. */
export interface EncodedText {
  ids: number[];
  types: number[];
  tokens: string[];
  /** True for tokens that the tokenizer put in. */
  special: boolean[];
}

/** A text, or two that belong together. */
export interface TextInput {
  text: string;
  pair?: string | undefined;
  /** Where it stands, for messages. */
  place: string;
}

type Json = Record<string, unknown>;

/** The pieces of one text before anything is added. */
interface Pieces {
  ids: number[];
  tokens: string[];
}

/** The tokenizer of a model. */
export class TextEncoder {
  readonly library: Library;
  readonly config: Json;
  readonly definition: Json;
  /** Tokens that the model takes, special ones included. */
  readonly maxTokens: number;
  readonly padId: number;
  readonly padsLeft: boolean;
  readonly #single: Template;
  readonly #pair: Template;

  constructor(library: Library, files: { definition: Json; config: Json; maxTokens: number }) {
    const { definition, config, maxTokens } = files;
    this.library = library;
    this.config = config;
    this.definition = definition;
    this.maxTokens = maxTokens;
    this.padId = this.idOfNamed('pad_token') ?? 0;
    this.padsLeft = config['padding_side'] === 'left';
    const processor = library.post_processor as unknown as PostProcessor | null;
    this.#single = readTemplate(processor, false);
    this.#pair = readTemplate(processor, true);
  }

  /** The token that tokenizer_config.json names, such as `mask_token`. */
  named(name: string): string | undefined {
    const value = this.config[name];
    if (typeof value === 'string') return value;
    const content = typeof value === 'object' && value !== null && 'content' in value ? value.content : undefined;
    return typeof content === 'string' ? content : undefined;
  }

  /** The id of a named token. */
  idOfNamed(name: string): number | undefined {
    const token = this.named(name);
    return token === undefined ? undefined : this.library.token_to_id(token);
  }

  /** Turns a text, or a pair, into what the model takes. */
  encode({ text, pair, place }: TextInput, options: EncodeOptions): EncodedText {
    const texts = pair === undefined ? [text] : [text, pair];
    return this.#compose(
      texts.map((part) => this.#split(part, place)),
      place,
      options,
    );
  }

  /** Puts the model's special tokens around token ids that came as such. */
  encodeIds(ids: readonly number[], place: string, options: EncodeOptions): EncodedText {
    const tokens = ids.map((id, index) => {
      const token = this.library.id_to_token(id);
      if (token === undefined)
        refuse(
          `${place}[${index}]`,
          `is token ${id}, which the model's tokenizer does not have; send texts (in LangChain: check_embedding_ctx_length=False).`,
        );
      return token;
    });
    return this.#compose([{ ids: [...ids], tokens }], place, options);
  }

  #split(text: string, place: string): Pieces {
    checkText(text, place);
    try {
      return this.library.encode(text, { add_special_tokens: false });
    } catch (error) {
      const problem = 'cannot be cut into tokens: it has a word of extreme length. Send it with spaces, or shorter.';
      throw new ApiError('InvalidRequest', `${place} ${problem}`, { cause: error });
    }
  }

  #compose(pieces: readonly Pieces[], place: string, { truncate, side }: EncodeOptions): EncodedText {
    const template = pieces.length === 1 ? this.#single : this.#pair;
    const counts = pieces.map(({ ids }) => ids.length);
    const room = this.maxTokens - specialCount(template);
    const total = counts.reduce((sum, count) => sum + count, 0);
    if (total > room && !truncate)
      refuse(
        place,
        `has ${total + this.maxTokens - room} tokens; the model takes ${this.maxTokens}. Shorten the text, or send "truncate": true.`,
      );
    const [first, second] = shareRoom(counts[0] ?? 0, counts[1] ?? 0, room);
    return fill(
      template,
      [cut(pieces[0], first, side), cut(pieces[1], second, side)],
      (token) => this.library.token_to_id(token) ?? 0,
    );
  }
}

function cut(pieces: Pieces | undefined, count: number, side: EncodeOptions['side']): Pieces {
  if (pieces === undefined) return { ids: [], tokens: [] };
  if (pieces.ids.length <= count) return pieces;
  const from = side === 'left' ? pieces.ids.length - count : 0;
  return { ids: pieces.ids.slice(from, from + count), tokens: pieces.tokens.slice(from, from + count) };
}

function fill(template: Template, texts: readonly Pieces[], idOf: (token: string) => number): EncodedText {
  const out: EncodedText = { ids: [], types: [], tokens: [], special: [] };
  for (const { token, slot, type } of template) {
    const pieces = token === undefined ? texts[slot] : { ids: [idOf(token)], tokens: [token] };
    if (pieces === undefined) continue;
    for (let index = 0; index < pieces.ids.length; index += 1) {
      out.ids.push(pieces.ids[index] ?? 0);
      out.tokens.push(pieces.tokens[index] ?? '');
      out.types.push(type);
      out.special.push(token !== undefined);
    }
  }
  return out;
}

/** Refuses a request whose texts are too long together: they would keep the tokenizer busy for too long. */
export function checkTotal(texts: readonly TextInput[]): void {
  for (const { text, place } of texts) checkLength(text, place);
  const total = texts.reduce((sum, { text, pair }) => sum + text.length + (pair?.length ?? 0), 0);
  if (total > MAX_CHARACTERS_IN_ALL)
    throw new ApiError(
      'BodyTooLarge',
      `The texts have ${total} characters together; at most ${MAX_CHARACTERS_IN_ALL} are taken. Send them in several requests.`,
    );
}

/** Refuses texts that are too long or no valid Unicode. */
function checkText(text: string, place: string): void {
  checkLength(text, place);
  if (!text.isWellFormed()) refuse(place, 'has half of a surrogate pair; send valid Unicode.');
}

function checkLength(text: string, place: string): void {
  if (text.length > MAX_CHARACTERS)
    throw new ApiError(
      'BodyTooLarge',
      `${place} has ${text.length} characters; at most ${MAX_CHARACTERS} are taken. Send it in parts.`,
    );
}
