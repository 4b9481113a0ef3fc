import type { SizeRule } from './processor.ts';
import type { Size } from './resample.ts';

/** Python's round: halves go to the even neighbour. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

const atLeastOne = ({ width, height }: Size): Size => ({ width: Math.max(1, width), height: Math.max(1, height) });

function fitShortest({ width, height }: Size, edge: number): Size {
  const long = Math.trunc((edge * Math.max(width, height)) / Math.min(width, height));
  return width <= height ? { width: edge, height: long } : { width: long, height: edge };
}

/** As DETR does it: the shortest edge first, unless the longest would become too long. */
function fitBetween({ width, height }: Size, wanted: number, longest: number): Size {
  const [short, long] = [Math.min(width, height), Math.max(width, height)];
  const isTooLong = (long / short) * wanted > longest;
  const exact = isTooLong ? (longest * short) / long : wanted;
  const edge = isTooLong ? roundHalfEven(exact) : wanted;
  if (short === edge) return { width, height };
  return width < height
    ? { width: edge, height: Math.trunc((exact * height) / width) }
    : { width: Math.trunc((exact * width) / height), height: edge };
}

function fitWithin({ width, height }: Size, max: Size): Size {
  const scale = Math.min(max.height / height, max.width / width);
  return { width: Math.trunc(width * scale), height: Math.trunc(height * scale) };
}

const CONVNEXT_WARPS_FROM = 384;

/** The size that an image gets before any crop. */
export function targetSize(image: Size, rule: SizeRule): Size {
  switch (rule.kind) {
    case 'exact':
      return { width: rule.width, height: rule.height };
    case 'shortest':
      return atLeastOne(
        rule.longest === undefined ? fitShortest(image, rule.edge) : fitBetween(image, rule.edge, rule.longest),
      );
    case 'within':
      return atLeastOne(fitWithin(image, rule));
    case 'convnext':
      return rule.edge < CONVNEXT_WARPS_FROM
        ? fitShortest(image, Math.trunc(rule.edge / rule.cropShare))
        : { width: rule.edge, height: rule.edge };
  }
}

/** The crop that belongs to the size itself (ConvNeXT). */
export const cropOf = (rule: SizeRule | undefined): Size | undefined =>
  rule?.kind === 'convnext' && rule.edge < CONVNEXT_WARPS_FROM ? { width: rule.edge, height: rule.edge } : undefined;
