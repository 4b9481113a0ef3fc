import type { Tensor } from '../../protocol/tensor.ts';
import { isObject, refuse } from '../../protocol/v2-request.ts';
import type { Job } from '../kind.ts';
import type { RunOutputs } from '../work.ts';
import { numbersOf, outputOf, pickOutput, splitOutput, unfit } from '../kind.ts';
import type { Pooling } from './pooling.ts';
import { pool, readSentenceSettings } from './pooling.ts';
import { encodedRuns, inOrder, takesPlainText, textRuns } from './runs.ts';
import type { TextRuns } from './runs.ts';
import type { EncodeOptions, EncodedText, TextInput } from './tokenizer.ts';
import { checkTotal } from './tokenizer.ts';

/** What is remembered of texts that are being embedded. */
export interface EmbedContext {
  output: string;
  order: number[][];
  /** Tokens of each text, in the order of the runs. */
  lengths: number[][];
  padsLeft: boolean;
  /** Undefined when the graph gives whole vectors, or tokens are wanted one by one. */
  pooling: Pooling[] | undefined;
  isNormalised: boolean;
  /** Tokens that were read in all. */
  tokens: number;
}

/** What to embed: texts, or token ids that came as such. */
export type EmbedInput = TextInput | { ids: readonly number[]; place: string };

/** How to embed. */
export interface EmbedWish extends EncodeOptions {
  normalise: boolean | undefined;
  /** Pool even where no file says how: with the mean, as sentence-transformers does. */
  mustPool: boolean;
}

const SENTENCE_OUTPUTS = ['sentence_embedding', 'text_embeds', 'embeddings'];
const TOKEN_OUTPUTS = ['last_hidden_state', 'token_embeddings'];

/** Chooses the output, and how its vectors become one. */
async function planPooling(
  job: Job,
  mustPool: boolean,
): Promise<Pick<EmbedContext, 'output' | 'pooling' | 'isNormalised'>> {
  const settings = await readSentenceSettings(job.folder);
  const whole = job.model.outputs.find(({ name, shape }) => SENTENCE_OUTPUTS.includes(name) && shape.length === 2);
  if (whole !== undefined) return { output: whole.name, pooling: undefined, isNormalised: settings.isNormalised };
  const output = pickOutput(job, TOKEN_OUTPUTS, [3, 2]);
  if (settings.foreignModule !== undefined)
    throw unfit(
      job.task,
      `modules.json names ${settings.foreignModule}, which its graph must hold; export it with the output "sentence_embedding"`,
    );
  const isWhole = output.shape.length === 2;
  const pooling = !isWhole && (settings.isDeclared || mustPool) ? settings.pooling : undefined;
  return { output: output.name, pooling, isNormalised: settings.isNormalised };
}

function encodeAll(
  encoder: Awaited<ReturnType<Job['folder']['encoder']>>,
  inputs: readonly EmbedInput[],
  wish: EmbedWish,
): EncodedText[] {
  return inputs.map((input) =>
    'ids' in input ? encoder.encodeIds(input.ids, input.place, wish) : encoder.encode(input, wish),
  );
}

/** Texts to runs that embed them. */
export async function prepareEmbedding(
  job: Job,
  inputs: readonly EmbedInput[],
  wish: EmbedWish,
): Promise<{ runs: Tensor[][]; outputs: string[]; context: EmbedContext }> {
  const plan = await planPooling(job, wish.mustPool);
  const isNormalised = wish.normalise ?? plan.isNormalised;
  const outputs = [plan.output];
  if (takesPlainText(job)) {
    const texts = inputs.map((input) =>
      'ids' in input ? refuse(input.place, 'is a list of token ids, but the model takes texts; send texts.') : input,
    );
    const { runs, order } = await textRuns(job, texts, wish);
    return { runs, outputs, context: { ...plan, isNormalised, order, lengths: [], padsLeft: false, tokens: 0 } };
  }
  const encoder = await job.folder.encoder();
  checkTotal(inputs.filter((input) => 'text' in input));
  const encoded = encodeAll(encoder, inputs, wish);
  const { runs, order }: TextRuns = encodedRuns(job, encoder, encoded);
  const lengths = order.map((rows) => rows.map((row) => encoded[row]?.ids.length ?? 0));
  const tokens = encoded.reduce((sum, { ids }) => sum + ids.length, 0);
  return { runs, outputs, context: { ...plan, isNormalised, order, lengths, padsLeft: encoder.padsLeft, tokens } };
}

/** Pools the tokens of one run, so that what is kept of it is small. */
export function reduceEmbedding(
  { output, pooling, lengths, padsLeft }: EmbedContext,
  { index, outputs }: RunOutputs,
): Tensor[] {
  const tensor = outputOf(outputs, output);
  if (pooling === undefined || tensor?.shape.length !== 3) return [...outputs];
  const [count = 0, places = 0, size = 0] = tensor.shape;
  const rows = splitOutput(tensor).map((values, row) =>
    pool({ values, size, ...span(lengths[index]?.[row] ?? places, places, padsLeft) }, pooling),
  );
  const width = rows[0]?.length ?? 0;
  const data = new Float32Array(count * width);
  for (const [row, values] of rows.entries()) data.set(values, row * width);
  return [{ name: output, datatype: 'FP32', shape: [count, width], data }];
}

const span = (length: number, places: number, padsLeft: boolean) =>
  padsLeft ? { from: places - length, to: places } : { from: 0, to: length };

/** The vectors of the texts, in their order. Where tokens are wanted one by one, a text's vectors stand one after another. */
export function collectVectors(
  { output, order, lengths, padsLeft }: EmbedContext,
  runs: readonly (readonly Tensor[])[],
): { values: Float32Array; size: number }[] {
  const rows = runs.map((outputs, run) => {
    const tensor = outputOf(outputs, output);
    const size = tensor?.shape.at(-1) ?? 1;
    const places = tensor?.shape.length === 3 ? (tensor.shape[1] ?? 1) : 1;
    numbersOf(tensor);
    return splitOutput(tensor).map((values, row) => {
      const { from, to } = places === 1 ? { from: 0, to: 1 } : span(lengths[run]?.[row] ?? places, places, padsLeft);
      return { values: values.subarray(from * size, to * size), size };
    });
  });
  return inOrder(order, rows);
}

/** The prompt that a model has under a name, from config_sentence_transformers.json. */
export async function promptOf(job: Job, name: string | undefined): Promise<string> {
  const config = (await job.folder.json('config_sentence_transformers.json')) ?? {};
  const prompts = isObject(config['prompts']) ? config['prompts'] : {};
  const chosen = name ?? config['default_prompt_name'];
  if (typeof chosen !== 'string') return '';
  const prompt = Object.hasOwn(prompts, chosen) ? prompts[chosen] : undefined;
  const known = Object.keys(prompts);
  if (typeof prompt !== 'string')
    refuse(
      'prompt_name',
      `is ${JSON.stringify(chosen.slice(0, 80))}; ${known.length === 0 ? 'the model has no prompts, so leave it out' : `the model has ${known.slice(0, 20).join(', ')}`}.`,
    );
  const { includesPrompt } = await readSentenceSettings(job.folder);
  if (!includesPrompt && prompt !== '')
    throw unfit(job.task, 'its pooling leaves prompts out (include_prompt), which is not supported');
  return prompt;
}
