import { prepareImages, readImages } from '../image/image-inputs.ts';
import type { Kind } from '../kind.ts';
import { outputOf, pickOutput, splitOutput } from '../kind.ts';
import type { ClassChoice } from '../scores.ts';
import { CLASS_OPTIONS, rankClasses, readClassChoice } from '../scores.ts';

const DEFAULT_TOP_K = 5;

interface Context {
  output: string;
  choice: ClassChoice;
  isList: boolean;
}

/** Images in, their most likely classes out. */
export const imageClassification: Kind<Context> = {
  async prepare(job, body) {
    const request = readImages(body, CLASS_OPTIONS);
    const output = pickOutput(job, ['logits', 'probabilities'], [2]).name;
    const choice = readClassChoice(request.options);
    const images = await prepareImages(job, request);
    const context = { output, choice: { ...choice, topK: choice.topK ?? DEFAULT_TOP_K }, isList: request.isList };
    return { runs: images.map(({ tensors }) => tensors), outputs: [output], context };
  },
  async finish({ folder }, { output, choice, isList }, runs) {
    const config = await folder.config();
    const answers = runs.flatMap((outputs) =>
      splitOutput(outputOf(outputs, output)).map((logits) => rankClasses(logits, choice, { config, output })),
    );
    return isList ? answers : answers[0];
  },
};
