import { isObject, refuse, show } from '../../protocol/v2-request.ts';
import { field, parseBody, readOptions, readText, readTexts, refuseUnknown } from '../body.ts';
import type { Kind } from '../kind.ts';
import type { EmbedContext } from '../text/embed.ts';
import { collectVectors, prepareEmbedding, reduceEmbedding } from '../text/embed.ts';
import { normalise } from '../text/pooling.ts';
import { TEXT_OPTIONS, readEncodeOptions } from '../text/runs.ts';

/** A sentence and others in; how like it each of them is (the cosine) out. */
export const sentenceSimilarity: Kind<EmbedContext> = {
  async prepare(job, body) {
    const json = parseBody(body);
    const options = readOptions(json, TEXT_OPTIONS);
    const inputs = field(json, 'inputs');
    if (!isObject(inputs))
      refuse('inputs', `is ${show(inputs)}; send {"source_sentence": text, "sentences": [texts]}.`);
    refuseUnknown(inputs, ['source_sentence', 'sentences'], 'inputs.');
    const source = readText(field(inputs, 'source_sentence'), 'inputs.source_sentence');
    const others = readTexts(field(inputs, 'sentences'), 'inputs.sentences');
    const texts = [
      { text: source, place: 'inputs.source_sentence' },
      ...others.map((text, index) => ({ text, place: `inputs.sentences[${index}]` })),
    ];
    return prepareEmbedding(job, texts, { ...readEncodeOptions(options), normalise: true, mustPool: true });
  },
  reduce: async (_job, context, run) => reduceEmbedding(context, run),
  async finish(_job, context, runs) {
    const [source = new Float32Array(), ...others] = collectVectors(context, runs).map(({ values }) =>
      normalise(values),
    );
    return others.map((other) =>
      Math.fround(other.reduce((sum, value, index) => sum + value * (source[index] ?? 0), 0)),
    );
  },
};
