import { ApiError } from '../../errors.ts';
import { isObject } from '../../protocol/v2-request.ts';
import type { Size } from './resample.ts';
import { isFilter } from './resample.ts';

/** What is done to an image before the model gets it: the fields of preprocessor_config.json that matter. */
export interface ImageProcessor {
  resize: SizeRule | undefined;
  resample: number;
  crop: Size | undefined;
  /** Factor from 0…255 to the model's numbers; undefined when pixels stay as they are. */
  factor: number | undefined;
  /** Taken off after the factor (EfficientNet). */
  offset: number;
  mean: readonly number[] | undefined;
  deviation: readonly number[] | undefined;
  /** The deviation is applied once more (EfficientNet). */
  isDividedTwice: boolean;
  pad: Size | undefined;
  isGrey: boolean;
  /** Blue first (MobileViT). */
  isBlueFirst: boolean;
}

/** The forms that `size` has. */
export type SizeRule =
  | { kind: 'exact'; width: number; height: number }
  | { kind: 'shortest'; edge: number; longest?: number }
  | { kind: 'within'; width: number; height: number }
  | { kind: 'convnext'; edge: number; cropShare: number };

const BILINEAR = 2;
const MAX_EDGE = 8192;
type Json = Record<string, unknown>;

const wrong = (field: string, value: unknown, want: string) =>
  new ApiError(
    'ModelFailed',
    `preprocessor_config.json of the model has ${field} ${JSON.stringify(value)}; it must be ${want}. Mend the model's files, or send tensors to the V2 endpoint.`,
  );

function edge(value: unknown, field: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > MAX_EDGE)
    throw wrong(field, value, `a whole number from 1 to ${MAX_EDGE}`);
  return value;
}

function readSize(config: Json): SizeRule {
  const { size, crop_pct: cropShare } = config;
  if (typeof size === 'number') return readPlainSize(edge(size, 'size'), config);
  if (!isObject(size)) throw wrong('size', size, 'an object such as {"height": 224, "width": 224}');
  if (size['height'] !== undefined && size['width'] !== undefined)
    return { kind: 'exact', width: edge(size['width'], 'size.width'), height: edge(size['height'], 'size.height') };
  if (size['max_height'] !== undefined)
    return {
      kind: 'within',
      width: edge(size['max_width'], 'size.max_width'),
      height: edge(size['max_height'], 'size.max_height'),
    };
  const shortest = edge(size['shortest_edge'], 'size.shortest_edge');
  if (typeof cropShare === 'number') return { kind: 'convnext', edge: shortest, cropShare };
  const { longest_edge: longest } = size;
  return {
    kind: 'shortest',
    edge: shortest,
    ...(typeof longest === 'number' && { longest: edge(longest, 'size.longest_edge') }),
  };
}

/** Files of old have one number: the shortest edge where a crop follows, a square otherwise. */
const readPlainSize = (size: number, config: Json): SizeRule =>
  config['do_center_crop'] === true ? { kind: 'shortest', edge: size } : { kind: 'exact', width: size, height: size };

function readBox(value: unknown, field: string): Size {
  if (typeof value === 'number') return { width: edge(value, field), height: edge(value, field) };
  if (!isObject(value)) throw wrong(field, value, 'an object with height and width');
  return { width: edge(value['width'], `${field}.width`), height: edge(value['height'], `${field}.height`) };
}

function readNumbers(value: unknown, field: string): readonly number[] {
  const list: unknown = typeof value === 'number' ? [value] : value;
  if (!Array.isArray(list) || list.length === 0 || !list.every((item) => typeof item === 'number'))
    throw wrong(field, value, 'a list of numbers');
  return list;
}

const DEFAULT_FACTOR = 1 / 255;

const isOn = (config: Json, field: string, fallback = false): boolean => (config[field] ?? fallback) === true;

function readResample(config: Json): number {
  const resample = config['resample'] ?? BILINEAR;
  if (typeof resample !== 'number' || !isFilter(resample)) throw wrong('resample', resample, 'a number from 0 to 5');
  return resample;
}

function readFactor(config: Json): number | undefined {
  const factor = config['rescale_factor'] ?? DEFAULT_FACTOR;
  if (typeof factor !== 'number') throw wrong('rescale_factor', factor, 'a number');
  return isOn(config, 'do_rescale', true) ? factor : undefined;
}

function readPad(config: Json): Size | undefined {
  const isWanted = isOn(config, 'do_pad') && isObject(config['pad_size']);
  return isWanted ? readBox(config['pad_size'], 'pad_size') : undefined;
}

/** Reads preprocessor_config.json. */
export function readImageProcessor(config: Json): ImageProcessor {
  const isNormal = isOn(config, 'do_normalize');
  const isCropped = isOn(config, 'do_center_crop');
  return {
    resize: isOn(config, 'do_resize') ? readSize(config) : undefined,
    resample: readResample(config),
    crop: isCropped ? readBox(config['crop_size'] ?? config['size'], 'crop_size') : undefined,
    factor: readFactor(config),
    offset: isOn(config, 'rescale_offset') ? 1 : 0,
    mean: isNormal ? readNumbers(config['image_mean'], 'image_mean') : undefined,
    deviation: isNormal ? readNumbers(config['image_std'], 'image_std') : undefined,
    isDividedTwice: isOn(config, 'include_top'),
    pad: readPad(config),
    isGrey: isOn(config, 'do_convert_grayscale') || isOn(config, 'do_grayscale'),
    isBlueFirst: isOn(config, 'do_flip_channel_order'),
  };
}
