import { refuse, show } from '../../protocol/v2-request.ts';
import { isObject } from '../../protocol/v2-request.ts';
import type { Json } from '../body.ts';
import { field, parseBody, readFlag, readOptions, readText, readTexts } from '../body.ts';
import type { Kind } from '../kind.ts';
import { outputOf, pickOutput, splitOutput } from '../kind.ts';
import { softmax } from '../scores.ts';
import { TEXT_OPTIONS, inOrder, readEncodeOptions, textRuns } from '../text/runs.ts';

const OPTIONS = ['candidate_labels', 'multi_label', 'hypothesis_template', ...TEXT_OPTIONS] as const;
const MAX_LABELS = 256;

interface Context {
  output: string;
  order: number[][];
  labels: string[];
  isMulti: boolean;
}

function readLabels(value: unknown): string[] {
  const place = 'parameters.candidate_labels';
  const given =
    typeof value === 'string'
      ? value
          .split(',')
          .map((label) => label.trim())
          .filter(Boolean)
      : value;
  const labels = readTexts(given, place, MAX_LABELS);
  if (new Set(labels).size < labels.length) refuse(place, 'has a label twice; send each once.');
  return labels;
}

/** The class that says "this follows", and the one that says "this is wrong". */
function verdicts(config: Json): { entailment: number; contradiction: number } {
  const labels = isObject(config['label2id']) ? Object.entries(config['label2id']) : [];
  const at = (start: string) => Number(labels.find(([label]) => label.toLowerCase().startsWith(start))?.[1] ?? -1);
  const entailment = at('entail');
  return { entailment, contradiction: entailment === 0 ? -1 : 0 };
}

/** A text and labels in; how well each label fits, best first, out. The model judges "text, therefore: this is LABEL". */
export const zeroShotClassification: Kind<Context> = {
  async prepare(job, body) {
    const json = parseBody(body);
    const options = readOptions(json, OPTIONS);
    const labels = readLabels(options['candidate_labels']);
    const template =
      options['hypothesis_template'] === undefined
        ? 'This example is {}.'
        : readText(options['hypothesis_template'], 'parameters.hypothesis_template');
    if (!template.includes('{}'))
      refuse('parameters.hypothesis_template', `is ${show(template)}; put {} where the label goes.`);
    const text = readText(field(json, 'inputs'), 'inputs');
    const output = pickOutput(job, ['logits'], [2]).name;
    const pairs = labels.map((label) => ({ text, pair: template.replace('{}', () => label), place: 'inputs' }));
    const { runs, order } = await textRuns(job, pairs, readEncodeOptions(options));
    const isMulti = readFlag(options['multi_label'], 'parameters.multi_label') === true || labels.length === 1;
    return { runs, outputs: [output], context: { output, order, labels, isMulti } };
  },
  async finish({ folder }, { output, order, labels, isMulti }, runs) {
    const { entailment, contradiction } = verdicts(await folder.config());
    const rows = inOrder(
      order,
      runs.map((outputs) => splitOutput(outputOf(outputs, output))),
    );
    const follows = Float32Array.from(rows, (logits) => logits.at(entailment) ?? 0);
    const scores = isMulti
      ? rows.map(
          (logits) => softmax(Float32Array.of(logits.at(contradiction) ?? 0, logits.at(entailment) ?? 0))[1] ?? 0,
        )
      : [...softmax(follows)];
    return labels.map((label, index) => ({ label, score: scores[index] ?? 0 })).toSorted((a, b) => b.score - a.score);
  },
};
