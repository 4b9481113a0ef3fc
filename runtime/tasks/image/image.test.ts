import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { decodeImage } from './decode.ts';
import { imageValues, shapeImage } from './prepare.ts';
import { readImageProcessor } from './processor.ts';

const FOLDER = path.join(import.meta.dirname, '..', '..', 'testdata', 'tasks', 'images');

interface Reference {
  processors: Record<string, Record<string, unknown>>;
  cases: { processor: string; file: string; shape: number[]; values: string }[];
}

/** Made by runtime/tasks/reference with transformers and Pillow. */
const reference = JSON.parse(readFileSync(path.join(FOLDER, 'images.json'), 'utf8')) as Reference;

function wanted(base64: string): Float32Array {
  const bytes = Buffer.from(base64, 'base64');
  return new Float32Array(new Uint8Array(bytes).buffer);
}

const prepare = async (file: string, config: Record<string, unknown>) => {
  const processor = readImageProcessor(config);
  const image = shapeImage(await decodeImage(readFileSync(path.join(FOLDER, file)), 'inputs'), processor, 'inputs');
  return { image, values: imageValues(image, processor, { isChannelsLast: false }) };
};

// Pillow turns grey of 16 bits into white where it is above 255; here the higher eight bits are kept.
const isLikePillow = ({ file }: { file: string }) => file !== 'grey16.png';

test.each(reference.cases.filter(isLikePillow))(
  '$processor of $file is what transformers makes of it, bit by bit',
  async (row) => {
    const { image, values } = await prepare(row.file, reference.processors[row.processor] ?? {});
    expect([1, image.channels, image.height, image.width]).toEqual(row.shape);
    expect(largestDifference(values, wanted(row.values))).toBe(0);
  },
);

const largestDifference = (got: Float32Array, want: Float32Array) =>
  got.reduce((largest, value, index) => Math.max(largest, Math.abs(value - (want[index] ?? Number.NaN))), 0);

test('grey of 16 bits keeps its higher eight bits', async () => {
  const { values } = await prepare('grey16.png', reference.processors['plain'] ?? {});
  const grey = await prepare('wide.png', reference.processors['plain'] ?? {});
  expect(largestDifference(values.slice(0, 31), grey.values.slice(0, 31))).toBe(0);
});

const wide = readFileSync(path.join(FOLDER, 'wide.png'));
const jpeg = readFileSync(path.join(FOLDER, 'wide.jpg'));

/** A PNG head that says how large the image is, with nothing after it. */
function pngOf(width: number, height: number): Buffer {
  const head = Buffer.from(wide);
  head.writeUInt32BE(width, 16);
  head.writeUInt32BE(height, 20);
  return head;
}

test.each([
  ['nothing', Buffer.alloc(0), 'is empty'],
  ['a text', Buffer.from('hello there, image'), 'is no image that is taken here (it starts with "hello there,")'],
  ['SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'send JPEG, PNG'],
  ['PDF', Buffer.from('%PDF-1.7 and more'), 'send JPEG, PNG'],
  ['a PNG cut short', wide.subarray(0, wide.length - 60), 'cannot be decoded'],
  ['a JPEG cut short', jpeg.subarray(0, 700), 'cannot be decoded'],
  [
    'a PNG with other bytes inside',
    Buffer.concat([wide.subarray(0, 300), Buffer.alloc(wide.length - 300, 7)]),
    'cannot be decoded',
  ],
  ['a head alone', wide.subarray(0, 8), 'cannot be decoded'],
  ['2.5 thousand million pixels', pngOf(50_000, 50_000), 'at most 40000000 pixels'],
])('%s is refused', async (...[, bytes, says]) => {
  await expect(decodeImage(bytes, 'inputs')).rejects.toMatchObject({
    code: 'InvalidRequest',
    message: expect.stringContaining(says),
  });
});
