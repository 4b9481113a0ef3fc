import { refuse, show } from '../../protocol/v2-request.ts';
import { toFloat16Bits } from '../../protocol/float16.ts';
import type { Tensor, TensorSpec } from '../../protocol/tensor.ts';
import { field, isJson, parseBody, readOptions } from '../body.ts';
import type { Json } from '../body.ts';
import type { Job } from '../kind.ts';
import { isFloats, unfit } from '../kind.ts';
import type { TaskBody } from '../work.ts';
import { decodeImage } from './decode.ts';
import { imageValues, shapeImage } from './prepare.ts';
import type { ImageProcessor } from './processor.ts';
import { readImageProcessor } from './processor.ts';
import type { Pixels, Size } from './resample.ts';

const MAX_IMAGES = 32;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** The images of a request, and what else it asks. */
export interface ImageRequest {
  images: { bytes: Uint8Array; place: string }[];
  options: Json;
  /** True when a list was sent: the response is a list of responses then. */
  isList: boolean;
}

/** Takes the images out of a body: raw bytes, or JSON with base64. */
export function readImages(body: TaskBody, known: readonly string[]): ImageRequest {
  if (!isJson(body)) return { images: [{ bytes: body.bytes, place: 'the body' }], options: {}, isList: false };
  const json = parseBody(body);
  const options = readOptions(json, known);
  const inputs = field(json, 'inputs');
  if (!Array.isArray(inputs)) return { images: [readBase64(inputs, 'inputs')], options, isList: false };
  if (inputs.length === 0 || inputs.length > MAX_IMAGES)
    refuse('inputs', `has ${inputs.length} images; send from 1 to ${MAX_IMAGES}.`);
  return { images: inputs.map((item: unknown, index) => readBase64(item, `inputs[${index}]`)), options, isList: true };
}

function readBase64(value: unknown, place: string): { bytes: Uint8Array; place: string } {
  if (typeof value !== 'string')
    refuse(place, `is ${show(value)}; send an image in base64, or the raw bytes as the body.`);
  if (/^(https?|file|ftp):/i.test(value))
    refuse(
      place,
      'is an address; this server fetches nothing for clients. Send the image itself, in base64 or as the body.',
    );
  const data = value.startsWith('data:') ? value.slice(value.indexOf(',') + 1) : value;
  const compact = data.replaceAll(/\s/g, '');
  if (compact === '' || !BASE64.test(compact))
    refuse(place, 'is not base64; send an image in base64, or the raw bytes as the body.');
  return { bytes: Buffer.from(compact, 'base64'), place };
}

/** How a model takes images. */
interface ImageInput {
  spec: TensorSpec;
  isChannelsLast: boolean;
  isGrey: boolean;
}

/** The input of a model that takes the image, among which a mask of pixels may stand. */
function imageInputOf({ task, model }: Job): ImageInput {
  const spec = model.inputs.find(
    (input) => input.shape.length === 4 && (isFloats(input) || input.datatype === 'UINT8'),
  );
  if (spec === undefined) throw unfit(task, 'it has no image input of four dimensions, floats or UINT8');
  const [, first = -1, , last = -1] = spec.shape;
  const isChannelsLast = ![1, 3].includes(first) && [1, 3].includes(last);
  const channels = isChannelsLast ? last : first;
  if (![1, 3, -1].includes(channels)) throw unfit(task, `it takes images of ${channels} channels, not of 1 or 3`);
  return { spec, isChannelsLast, isGrey: channels === 1 };
}

/** A decoded image as the model takes it. */
export interface PreparedImage {
  tensors: Tensor[];
  /** As it was sent, upright. */
  original: Size;
}

/** Decodes and prepares images one after another: each needs much memory for a moment. */
export async function prepareImages(job: Job, { images }: ImageRequest): Promise<PreparedImage[]> {
  const input = imageInputOf(job);
  const processor = readImageProcessor(await job.folder.need('preprocessor_config.json'));
  const settings = { ...processor, isGrey: processor.isGrey || input.isGrey };
  const prepared: PreparedImage[] = [];
  for (const { bytes, place } of images) {
    const image = await decodeImage(bytes, place);
    const shaped = shapeImage(image, settings, place);
    prepared.push({
      tensors: tensorsOf(job, input, { shaped, settings }),
      original: { width: image.width, height: image.height },
    });
  }
  return prepared;
}

function tensorsOf(
  { model }: Job,
  { spec, isChannelsLast }: ImageInput,
  { shaped, settings }: { shaped: Pixels; settings: ImageProcessor },
): Tensor[] {
  const { width, height, channels } = shaped;
  const shape = isChannelsLast ? [1, height, width, channels] : [1, channels, height, width];
  const isBytes = spec.datatype === 'UINT8';
  const plain = isBytes
    ? { ...settings, factor: undefined, mean: undefined, offset: 0, isDividedTwice: false }
    : settings;
  const values = imageValues(shaped, plain, { isChannelsLast });
  const image: Tensor = { name: spec.name, datatype: spec.datatype, shape, data: valuesAs(spec.datatype, values) };
  const mask = model.inputs.find(({ name }) => name === 'pixel_mask');
  if (mask === undefined) return [image];
  const ones = width * height;
  const data = mask.datatype === 'INT64' ? new BigInt64Array(ones).fill(1n) : new Uint8Array(ones).fill(1);
  return [image, { name: mask.name, datatype: mask.datatype, shape: [1, height, width], data }];
}

function valuesAs(datatype: string, values: Float32Array) {
  if (datatype === 'UINT8') return Uint8Array.from(values);
  if (datatype === 'FP16') return Uint16Array.from(values, toFloat16Bits);
  return datatype === 'FP64' ? Float64Array.from(values) : values;
}
