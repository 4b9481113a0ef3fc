import { fromFloat16Bits } from './float16.ts';
import type { Tensor } from './tensor.ts';
import { elementCount } from './tensor.ts';
import { refuse, show } from './v2-request.ts';

/** The best classes of an output, as the classification extension has them: texts `score:index` or `score:index:label`, best first. */
export function classify(output: Tensor, count: number, labels: readonly string[] = []): Tensor {
  const { name, datatype, shape, data } = output;
  if (Array.isArray(data) || datatype === 'BOOL')
    refuse(`outputs ${show(name)}`, `is ${datatype}, which has no scores; leave classification out.`);
  // One vector is one set of scores; with more dimensions the first is the batch.
  const [batch = 1, ...rest] = shape.length > 1 ? shape : [1, ...shape];
  const classes = elementCount(rest);
  const best = Math.min(count, classes);
  const score = (index: number) => (datatype === 'FP16' ? fromFloat16Bits(Number(data[index])) : Number(data[index]));
  const texts: string[] = [];
  for (let row = 0; row < batch; row += 1) {
    for (const index of bestOf(classes, best, (at) => score(row * classes + at))) {
      const label = labels[index];
      texts.push(`${score(row * classes + index)}:${index}${label === undefined ? '' : `:${label}`}`);
    }
  }
  return { name, datatype: 'BYTES', shape: shape.length > 1 ? [batch, best] : [best], data: texts };
}

function bestOf(classes: number, count: number, score: (index: number) => number): number[] {
  const order = Array.from({ length: classes }, (_, index) => index);
  // NaN comes last: it is better than nothing else.
  const worth = (index: number) => (Number.isNaN(score(index)) ? -Infinity : score(index));
  const compare = (a: number, b: number) => (worth(a) === worth(b) ? a - b : worth(b) - worth(a));
  return order.toSorted(compare).slice(0, count);
}
