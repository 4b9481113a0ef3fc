import { refuse, show } from '../../protocol/v2-request.ts';
import { field, parseBody, readChoice, readTexts, readWhole, refuseUnknown } from '../body.ts';
import type { Kind } from '../kind.ts';
import type { EmbedContext, EmbedInput } from '../text/embed.ts';
import { collectVectors, prepareEmbedding, promptOf, reduceEmbedding } from '../text/embed.ts';
import { normalise } from '../text/pooling.ts';
import { shorten } from '../text/shorten.ts';

const KNOWN = ['input', 'model', 'encoding_format', 'dimensions', 'user'];
const MAX_INPUTS = 2048;

interface Context extends EmbedContext {
  dimensions: number | undefined;
  isBase64: boolean;
}

const isTokens = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length > 0 && value.every((item) => Number.isInteger(item) && item >= 0);

function readTokens(value: unknown, place: string): EmbedInput {
  if (!isTokens(value)) refuse(place, `is ${show(value)}; send a text, or a list of token ids.`);
  return { ids: value, place };
}

/** The four forms of `input`: a text, texts, the tokens of one text, the tokens of several. */
function readInput(value: unknown, prompt: string): EmbedInput[] {
  if (typeof value === 'string') return [checked(value, prompt, 'input')];
  if (isTokens(value)) return [{ ids: value, place: 'input' }];
  if (Array.isArray(value) && Array.isArray(value[0])) {
    if (value.length > MAX_INPUTS) refuse('input', `has ${value.length} entries; at most ${MAX_INPUTS} are taken.`);
    return value.map((item: unknown, index) => readTokens(item, `input[${index}]`));
  }
  return readTexts(value, 'input', MAX_INPUTS).map((text, index) => checked(text, prompt, `input[${index}]`));
}

function checked(text: string, prompt: string, place: string): EmbedInput {
  if (text === '') refuse(place, 'is empty; send a text.');
  return { text: prompt + text, place };
}

/** `/v1/embeddings`: texts or tokens in, vectors of length 1 with the number of tokens out. */
export const openAiEmbeddings: Kind<Context> = {
  async prepare(job, body) {
    const json = parseBody(body);
    refuseUnknown(json, KNOWN);
    const format = readChoice(field(json, 'encoding_format'), 'encoding_format', ['float', 'base64'] as const);
    const dimensions = readWhole(field(json, 'dimensions'), 'dimensions');
    const inputs = readInput(field(json, 'input'), await promptOf(job, undefined));
    const wish = { truncate: false, side: 'right', normalise: true, mustPool: true } as const;
    const { runs, outputs, context } = await prepareEmbedding(job, inputs, wish);
    return { runs, outputs, context: { ...context, dimensions, isBase64: format === 'base64' } };
  },
  reduce: async (_job, context, run) => reduceEmbedding(context, run),
  async finish(job, context, runs) {
    const { dimensions, isBase64, tokens } = context;
    const vectors = await Promise.all(
      collectVectors(context, runs).map(({ values }) => shorten(job, values, dimensions)),
    );
    const data = vectors.map((vector, index) => {
      const unit = normalise(vector);
      const embedding = isBase64 ? Buffer.from(unit.buffer, unit.byteOffset, unit.byteLength).toString('base64') : unit;
      return { object: 'embedding', index, embedding };
    });
    return { object: 'list', data, model: job.model.name, usage: { prompt_tokens: tokens, total_tokens: tokens } };
  },
};
