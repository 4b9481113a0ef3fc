import { isObject, refuse, show } from '../../protocol/v2-request.ts';
import { field, parseBody, readOptions, readText } from '../body.ts';
import type { Kind } from '../kind.ts';
import { outputOf, pickOutput, splitOutput } from '../kind.ts';
import type { ClassChoice } from '../scores.ts';
import { CLASS_OPTIONS, rankClasses, readClassChoice } from '../scores.ts';
import { TEXT_OPTIONS, inOrder, readEncodeOptions, textRuns } from '../text/runs.ts';
import type { TextInput } from '../text/tokenizer.ts';

const MAX_TEXTS = 1024;

interface Context {
  output: string;
  order: number[][];
  choice: ClassChoice;
}

/** A text, or an object of a text and its pair, as transformers' pipeline takes them. */
function readInput(value: unknown, place: string): TextInput {
  if (!isObject(value)) return { text: readText(value, place), place };
  const pair = field(value, 'text_pair');
  return {
    text: readText(field(value, 'text'), `${place}.text`),
    place,
    ...(pair !== undefined && { pair: readText(pair, `${place}.text_pair`) }),
  };
}

/** `inputs` as one text or a list. */
function readInputs(inputs: unknown): TextInput[] {
  if (!Array.isArray(inputs)) return [readInput(inputs, 'inputs')];
  if (inputs.length === 0 || inputs.length > MAX_TEXTS)
    refuse('inputs', `has ${show(inputs.length)} entries; send from 1 to ${MAX_TEXTS}.`);
  return inputs.map((item: unknown, index) => readInput(item, `inputs[${index}]`));
}

/** Texts in; for each its classes, most likely first, out. */
export const textClassification: Kind<Context> = {
  async prepare(job, body) {
    const json = parseBody(body);
    const options = readOptions(json, [...CLASS_OPTIONS, ...TEXT_OPTIONS]);
    const output = pickOutput(job, ['logits', 'probabilities'], [2]).name;
    const { runs, order } = await textRuns(job, readInputs(field(json, 'inputs')), readEncodeOptions(options));
    return { runs, outputs: [output], context: { output, order, choice: readClassChoice(options) } };
  },
  async finish({ folder }, { output, order, choice }, runs) {
    const config = await folder.config();
    const rows = runs.map((outputs) => splitOutput(outputOf(outputs, output)));
    return inOrder(order, rows).map((logits) => rankClasses(logits, choice, { config, output }));
  },
};
