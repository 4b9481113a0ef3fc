import { refuse } from '../../protocol/v2-request.ts';
import type { Json } from '../body.ts';
import { field, parseBody, readChoice, readFlag, readOptions, readText, readTexts, readWhole } from '../body.ts';
import type { Job, Kind } from '../kind.ts';
import type { EmbedContext } from '../text/embed.ts';
import { collectVectors, prepareEmbedding, promptOf, reduceEmbedding } from '../text/embed.ts';
import { normalise } from '../text/pooling.ts';
import { TEXT_OPTIONS, readEncodeOptions } from '../text/runs.ts';
import type { TextInput } from '../text/tokenizer.ts';
import { shorten } from '../text/shorten.ts';

const OPTIONS = ['normalize', 'prompt_name', 'dimensions', 'encoding_format', ...TEXT_OPTIONS] as const;

interface Context extends EmbedContext {
  dimensions: number | undefined;
  /** A list of vectors for each text, one for each token. */
  isByToken: boolean;
}

function readInputs(value: unknown, prompt: string): TextInput[] {
  const texts = Array.isArray(value) ? readTexts(value, 'inputs') : [readText(value, 'inputs')];
  return texts.map((text, index) => ({
    text: prompt + text,
    place: Array.isArray(value) ? `inputs[${index}]` : 'inputs',
  }));
}

async function readWish(job: Job, options: Json) {
  readChoice(options['encoding_format'], 'encoding_format', ['float'] as const);
  const dimensions = readWhole(options['dimensions'], 'dimensions');
  const name = options['prompt_name'];
  const prompt = await promptOf(job, name === undefined ? undefined : readText(name, 'prompt_name'));
  // The text server normalises unless it is told not to; transformers and sentence-transformers go by the model.
  const normal = readFlag(options['normalize'], 'normalize') ?? (job.style === 'embed' ? true : undefined);
  return { dimensions, prompt, normal };
}

/** Texts in, vectors out: one for each text, or one for each token where no file of the model says how to pool. */
export const featureExtraction: Kind<Context> = {
  async prepare(job, body) {
    const json = parseBody(body);
    const options = readOptions(json, OPTIONS);
    const { dimensions, prompt, normal } = await readWish(job, options);
    const inputs = readInputs(field(json, 'inputs'), prompt);
    const wish = {
      ...readEncodeOptions(options),
      normalise: normal,
      mustPool: job.style === 'embed' || dimensions !== undefined,
    };
    const { runs, outputs, context } = await prepareEmbedding(job, inputs, wish);
    const output = job.model.outputs.find(({ name }) => name === context.output);
    const isByToken = output?.shape.length === 3 && context.pooling === undefined;
    if (isByToken && normal === true)
      refuse(
        'normalize',
        'is true, but the model says nothing of pooling, so tokens are embedded one by one; leave it out, or add 1_Pooling/config.json to the model.',
      );
    return { runs, outputs, context: { ...context, dimensions, isByToken } };
  },
  reduce: async (_job, context, run) => reduceEmbedding(context, run),
  async finish(job, context, runs) {
    const vectors = collectVectors(context, runs);
    if (context.isByToken) return vectors.map(({ values, size }) => [takeApart(values, size)]);
    return Promise.all(
      vectors.map(async ({ values }) => {
        const vector = await shorten(job, values, context.dimensions);
        return context.isNormalised ? normalise(vector) : vector;
      }),
    );
  },
};

const takeApart = (values: Float32Array, size: number): Float32Array[] =>
  Array.from({ length: values.length / size }, (_, at) => values.subarray(at * size, (at + 1) * size));
