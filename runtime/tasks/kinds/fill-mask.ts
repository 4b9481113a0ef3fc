import { refuse } from '../../protocol/v2-request.ts';
import { field, parseBody, readOptions, readText, readTexts, readWhole } from '../body.ts';
import type { Job, Kind } from '../kind.ts';
import { numbersOf, outputOf, pickOutput, unfit } from '../kind.ts';
import { softmax } from '../scores.ts';
import { TEXT_OPTIONS, encodedRuns, readEncodeOptions } from '../text/runs.ts';
import type { TextEncoder } from '../text/tokenizer.ts';

const DEFAULT_TOP_K = 5;

interface Context {
  output: string;
  ids: number[];
  masks: number[];
  topK: number;
  /** Token ids that may fill the hole; absent means all. */
  targets: number[] | undefined;
}

function maskOf({ task }: Job, encoder: TextEncoder): number {
  const id = encoder.idOfNamed('mask_token');
  if (id === undefined) throw unfit(task, 'its tokenizer has no mask token');
  return id;
}

/** Each target by its token; of a longer one, the first token, as transformers does it. */
function targetIds(value: unknown, { library }: TextEncoder): number[] | undefined {
  if (value === undefined) return undefined;
  const targets = typeof value === 'string' ? [value] : readTexts(value, 'parameters.targets', 256);
  const ids = targets.map(
    (target) => library.get_vocab().get(target) ?? library.encode(target, { add_special_tokens: false }).ids[0],
  );
  return [...new Set(ids.filter((id) => id !== undefined))];
}

/** A text with a hole in; the tokens that fit best, best first, out. */
export const fillMask: Kind<Context> = {
  async prepare(job, body) {
    const json = parseBody(body);
    const options = readOptions(json, ['top_k', 'targets', ...TEXT_OPTIONS]);
    const encoder = await job.folder.encoder();
    const mask = maskOf(job, encoder);
    const encoded = encoder.encode(
      { text: readText(field(json, 'inputs'), 'inputs'), place: 'inputs' },
      readEncodeOptions(options),
    );
    const masks = encoded.ids.flatMap((id, index) => (id === mask ? [index] : []));
    if (masks.length === 0)
      refuse(
        'inputs',
        `has no hole; write ${encoder.named('mask_token') ?? 'the mask token'} where a word is missing.`,
      );
    const output = pickOutput(job, ['logits'], [3]).name;
    const context = {
      output,
      ids: encoded.ids,
      masks,
      topK: readWhole(options['top_k'], 'parameters.top_k') ?? DEFAULT_TOP_K,
      targets: targetIds(options['targets'], encoder),
    };
    return { runs: encodedRuns(job, encoder, [encoded]).runs, outputs: [output], context };
  },
  async finish({ folder }, { output, ids, masks, topK, targets }, runs) {
    const { library } = await folder.encoder();
    const tensor = outputOf(runs[0] ?? [], output);
    const numbers = numbersOf(tensor);
    const size = tensor?.shape.at(-1) ?? 1;
    const answers = masks.map((at) => {
      const shares = softmax(numbers.subarray(at * size, (at + 1) * size));
      const candidates = targets ?? Array.from(shares, (_, token) => token);
      return candidates
        .map((token) => ({ score: shares[token] ?? 0, token }))
        .toSorted((a, b) => b.score - a.score)
        .slice(0, topK)
        .map(({ score, token }) => {
          const filled = ids.with(at, token);
          const decode = (tokens: number[], isShort: boolean) =>
            library.decode(tokens, { skip_special_tokens: isShort, clean_up_tokenization_spaces: false });
          return { score, token, token_str: decode([token], false), sequence: decode(filled, masks.length === 1) };
        });
    });
    return answers.length === 1 ? answers[0] : answers;
  },
};
