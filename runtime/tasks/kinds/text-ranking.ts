import { isObject, refuse, show } from '../../protocol/v2-request.ts';
import type { Json } from '../body.ts';
import { field, parseBody, readFlag, readOptions, readText, readTexts, readWhole, refuseUnknown } from '../body.ts';
import type { Kind } from '../kind.ts';
import { outputOf, pickOutput, splitOutput, unfit } from '../kind.ts';
import { sigmoid } from '../scores.ts';
import { TEXT_OPTIONS, inOrder, readEncodeOptions, textRuns } from '../text/runs.ts';

const OPTIONS = ['raw_scores', 'return_text', 'top_k', ...TEXT_OPTIONS] as const;
/** Names that the query and the texts go by: those of the text server, and those of Hugging Face's widgets. */
const QUERY = ['query', 'source_sentence'];
const TEXTS = ['texts', 'documents', 'sentences'];

interface Context {
  output: string;
  order: number[][];
  isRaw: boolean;
  topK: number | undefined;
  texts: string[] | undefined;
}

function named(from: Json, names: readonly string[], prefix: string): { value: unknown; place: string } {
  const name = names.find((candidate) => field(from, candidate) !== undefined) ?? names[0] ?? '';
  return { value: field(from, name), place: `${prefix}${name}` };
}

/** The query and the texts, in the body itself or in `inputs`. */
function readQuestion(json: Json): { query: string; texts: string[]; place: string } {
  const inputs = field(json, 'inputs');
  if (inputs !== undefined && !isObject(inputs))
    refuse('inputs', `is ${show(inputs)}; send {"query": text, "texts": [texts]}.`);
  const from = inputs ?? json;
  const prefix = inputs === undefined ? '' : 'inputs.';
  if (inputs !== undefined) refuseUnknown(inputs, [...QUERY, ...TEXTS], prefix);
  const query = named(from, QUERY, prefix);
  const texts = named(from, TEXTS, prefix);
  return { query: readText(query.value, query.place), texts: readTexts(texts.value, texts.place), place: texts.place };
}

/** A query and texts in; the texts by how well they answer it, best first, out. */
export const textRanking: Kind<Context> = {
  async prepare(job, body) {
    const json = parseBody(body);
    const options = readOptions(json, OPTIONS, ['inputs', ...QUERY, ...TEXTS]);
    const { query, texts, place } = readQuestion(json);
    const output = pickOutput(job, ['logits', 'scores'], [2, 1]);
    if (output.shape.length === 2 && ![1, -1].includes(output.shape[1] ?? 1))
      throw unfit(job.task, `it gives ${output.shape[1]} scores a text, not one`);
    const pairs = texts.map((pair, index) => ({ text: query, pair, place: `${place}[${index}]` }));
    const { runs, order } = await textRuns(job, pairs, readEncodeOptions(options));
    const context = {
      output: output.name,
      order,
      isRaw: readFlag(options['raw_scores'], 'raw_scores') ?? false,
      topK: readWhole(options['top_k'], 'top_k'),
      texts: readFlag(options['return_text'], 'return_text') === true ? texts : undefined,
    };
    return { runs, outputs: [output.name], context };
  },
  async finish(_job, { output, order, isRaw, topK, texts }, runs) {
    const rows = inOrder(
      order,
      runs.map((outputs) => splitOutput(outputOf(outputs, output))),
    );
    return rows
      .map((logits, index) => ({
        index,
        score: (isRaw ? logits : sigmoid(logits))[0] ?? 0,
        ...(texts !== undefined && { text: texts[index] }),
      }))
      .toSorted((a, b) => b.score - a.score)
      .slice(0, topK);
  },
};
