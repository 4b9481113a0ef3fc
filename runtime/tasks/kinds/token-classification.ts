import { isObject, refuse, show } from '../../protocol/v2-request.ts';
import { field, parseBody, readChoice, readOptions, readText, readTexts } from '../body.ts';
import type { Json } from '../body.ts';
import type { Kind } from '../kind.ts';
import { numbersOf, outputOf, pickOutput, splitOutput } from '../kind.ts';
import { labelOf } from '../model-folder.ts';
import { softmax } from '../scores.ts';
import { findOffsets } from '../text/offsets.ts';
import { joinByteLevel } from '../text/units.ts';
import { TEXT_OPTIONS, encodedRuns, inOrder, readEncodeOptions } from '../text/runs.ts';
import type { EncodedText, TextEncoder } from '../text/tokenizer.ts';
import { checkTotal } from '../text/tokenizer.ts';
import type { Strategy, Token } from './group-tokens.ts';
import { STRATEGIES, groupTokens } from './group-tokens.ts';

/** What is remembered of one text: where its tokens are, without special ones. */
interface Place {
  text: string;
  padding: number;
  tokens: Omit<Token, 'scores'>[];
}

interface Context {
  output: string;
  order: number[][];
  places: Place[];
  strategy: Strategy;
  ignored: string[];
  isList: boolean;
}

/** Whether a token goes on with the word before it: by its length where the tokenizer marks it, by spaces otherwise. */
function continuesWord(
  encoder: TextEncoder,
  token: string,
  { letters, start, end }: { letters: readonly string[]; start: number; end: number },
): boolean {
  const model = encoder.definition['model'] as Json | undefined;
  const prefix = model?.['continuing_subword_prefix'];
  if (typeof prefix === 'string' && prefix !== '') return Array.from(token).length !== end - start;
  return start > 0 && !letters.slice(start - 1, start + 1).includes(' ');
}

function placeTokens(
  encoder: TextEncoder,
  text: string,
  { ids, tokens, special }: EncodedText,
): Omit<Token, 'scores'>[] {
  const own = tokens.flatMap((_, index) => (special[index] === true ? [] : [index]));
  const offsets = findOffsets(
    encoder,
    text,
    own.map((index) => tokens[index] ?? ''),
  );
  const letters = Array.from(text);
  const unknown = encoder.library.model?.unk_token_id;
  return own.map((index, at) => {
    const [start, end] = offsets[at] ?? [0, 0];
    const token = tokens[index] ?? '';
    const isUnknown = ids[index] === unknown;
    return {
      index,
      start,
      end,
      word: isUnknown ? letters.slice(start, end).join('') : token,
      isSubword: !isUnknown && continuesWord(encoder, token, { letters, start, end }),
    };
  });
}

/** Texts in; their tokens, or the things they name, with labels and places, out. */
export const tokenClassification: Kind<Context> = {
  async prepare(job, body) {
    const json = parseBody(body);
    const options = readOptions(json, ['aggregation_strategy', 'ignore_labels', 'stride', ...TEXT_OPTIONS]);
    if (options['stride'] !== undefined)
      refuse(
        'parameters.stride',
        `is ${show(options['stride'])}; texts are not taken in overlapping parts here. Leave it out, and send long texts in parts.`,
      );
    const given = field(json, 'inputs');
    const isList = Array.isArray(given);
    const texts = isList ? readTexts(given, 'inputs') : [readText(given, 'inputs')];
    const encoder = await job.folder.encoder();
    const wish = readEncodeOptions(options);
    if (wish.side === 'left')
      refuse(
        'parameters.truncation_direction',
        'is "left"; places in the text are found from its start, so only "right" is taken.',
      );
    const inputs = texts.map((text, index) => ({ text, place: isList ? `inputs[${index}]` : 'inputs' }));
    checkTotal(inputs);
    const encoded = inputs.map((input) => encoder.encode(input, wish));
    const { runs, order } = encodedRuns(job, encoder, encoded);
    const output = pickOutput(job, ['logits'], [3]).name;
    const places = texts.map((text, index) => {
      const own = encoded[index] as EncodedText;
      const run = order.findIndex((rows) => rows.includes(index));
      const length = runs[run]?.[0]?.shape[1] ?? own.ids.length;
      return { text, padding: encoder.padsLeft ? length - own.ids.length : 0, tokens: placeTokens(encoder, text, own) };
    });
    const ignored = options['ignore_labels'] === undefined ? ['O'] : readIgnored(options['ignore_labels']);
    const strategy =
      readChoice(options['aggregation_strategy'], 'parameters.aggregation_strategy', STRATEGIES) ?? 'none';
    return { runs, outputs: [output], context: { output, order, places, strategy, ignored, isList } };
  },
  async finish({ folder }, { output, order, places, strategy, ignored, isList }, runs) {
    const config = await folder.config();
    const encoder = await folder.encoder();
    const rows = inOrder(
      order,
      runs.map((outputs) => splitByToken(outputOf(outputs, output))),
    );
    const answers = rows.map((logits, index) => {
      const { padding = 0, tokens = [] } = places[index] ?? {};
      const scored = tokens.map((token) => ({
        ...token,
        scores: softmax(logits[token.index + padding] ?? new Float32Array()),
      }));
      const join = (words: readonly string[]) => joinTokens(encoder, words);
      return groupTokens(scored, strategy, { labelOf: (label) => labelOf(config, label), join }).filter(
        (entity) => !ignored.includes(entity.entity ?? entity.entity_group ?? ''),
      );
    });
    return isList ? answers : answers[0];
  },
};

const readIgnored = (value: unknown): string[] =>
  Array.isArray(value) && value.length === 0 ? [] : readTexts(value, 'parameters.ignore_labels');

/** Tokens as text, as the tokenizer writes them. */
function joinTokens({ library, definition }: TextEncoder, words: readonly string[]): string {
  const decoder = definition['decoder'];
  if (isObject(decoder) && decoder['type'] === 'ByteLevel') return joinByteLevel(words);
  return library.decoder === null ? words.join(' ') : library.decoder.decode([...words]);
}

function splitByToken(tensor: Parameters<typeof splitOutput>[0]): Float32Array[][] {
  const size = tensor?.shape[2] ?? 1;
  numbersOf(tensor);
  return splitOutput(tensor).map((row) =>
    Array.from({ length: row.length / size }, (_, at) => row.subarray(at * size, (at + 1) * size)),
  );
}
