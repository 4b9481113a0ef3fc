import type { Json } from '../body.ts';
import { readShare } from '../body.ts';
import { prepareImages, readImages } from '../image/image-inputs.ts';
import type { Size } from '../image/resample.ts';
import type { Kind } from '../kind.ts';
import { numbersOf, outputOf, pickOutput, unfit } from '../kind.ts';
import { labelOf } from '../model-folder.ts';
import { sigmoid, softmax } from '../scores.ts';

const DEFAULT_THRESHOLD = 0.5;

interface Context {
  logits: string;
  boxes: string;
  threshold: number;
  sizes: Size[];
  isList: boolean;
}

interface Detection {
  score: number;
  label: number;
  query: number;
}

/** How many candidates each family keeps that scores every class for itself; the others have a class for "nothing". */
function keptBy(config: Json): 'one-class' | 'all' | number {
  const type = config['model_type'];
  const kind = typeof type === 'string' ? type : '';
  if (/^(deformable|conditional)_detr$/.test(kind)) return 100;
  return /^(rt_detr|d_fine|dfine|rf_detr|deim)/.test(kind) ? 'all' : 'one-class';
}

/** DETR and YOLOS: the best class of each query, unless it is "nothing", which comes last. */
function bestOfEach(logits: Float32Array, classes: number): Detection[] {
  return Array.from({ length: logits.length / classes }, (_, query) => {
    const shares = softmax(logits.subarray(query * classes, (query + 1) * classes)).subarray(0, classes - 1);
    const label = shares.reduce((best, share, index) => (share > (shares[best] ?? 0) ? index : best), 0);
    return { query, label, score: shares[label] ?? 0 };
  });
}

/** RT-DETR and its kin: the best of all pairs of query and class. */
function bestOfAll(logits: Float32Array, classes: number, keep: number): Detection[] {
  return Array.from(sigmoid(logits), (score, index) => ({
    score,
    label: index % classes,
    query: Math.floor(index / classes),
  }))
    .toSorted((a, b) => b.score - a.score)
    .slice(0, keep);
}

/** A box from its centre and size in shares of the image to corners in pixels, in single precision. */
function boxOf(boxes: Float32Array, query: number, { width, height }: Size) {
  const [x = 0, y = 0, across = 0, down = 0] = boxes.subarray(query * 4, query * 4 + 4);
  const corner = (centre: number, size: number, pixels: number) =>
    Math.trunc(Math.fround(Math.fround(centre + Math.fround(size / 2)) * pixels)) + 0;
  return {
    xmin: corner(x, -across, width),
    ymin: corner(y, -down, height),
    xmax: corner(x, across, width),
    ymax: corner(y, down, height),
  };
}

/** Images in; the things in them, with labels and boxes, out. */
export const objectDetection: Kind<Context> = {
  async prepare(job, body) {
    const request = readImages(body, ['threshold']);
    const logits = pickOutput(job, ['logits'], [3]).name;
    const boxes = job.model.outputs.find(({ name, shape }) => name !== logits && shape.at(-1) === 4)?.name;
    if (boxes === undefined) throw unfit(job.task, 'it has no output "pred_boxes" [batch, queries, 4]');
    const images = await prepareImages(job, request);
    const threshold = readShare(request.options['threshold'], 'parameters.threshold') ?? DEFAULT_THRESHOLD;
    const sizes = images.map(({ original }) => original);
    return {
      runs: images.map(({ tensors }) => tensors),
      outputs: [logits, boxes],
      context: { logits, boxes, threshold, sizes, isList: request.isList },
    };
  },
  async finish({ folder }, { logits, boxes, threshold, sizes, isList }, runs) {
    const config = await folder.config();
    const keep = keptBy(config);
    const answers = runs.map((outputs, index) => {
      const scores = outputOf(outputs, logits);
      const corners = numbersOf(outputOf(outputs, boxes));
      const [, queries = 0, classes = 1] = scores?.shape ?? [];
      const numbers = numbersOf(scores);
      const found =
        keep === 'one-class'
          ? bestOfEach(numbers, classes)
          : bestOfAll(numbers, classes, keep === 'all' ? queries : keep);
      return found
        .filter(({ score }) => score > threshold)
        .map(({ score, label, query }) => ({
          score,
          label: labelOf(config, label),
          box: boxOf(corners, query, sizes[index] ?? { width: 1, height: 1 }),
        }));
    });
    return isList ? answers : answers[0];
  },
};
