import { afterAll, expect, test } from '@jest/globals';
import { ApiError } from '../../errors.ts';
import { decodeTensor } from '../../protocol/decode-tensor.ts';
import type { Tensor } from '../../protocol/tensor.ts';
import type { InferRequest } from '../../protocol/v2-request.ts';
import { encodeAnswer } from '../infer-answer.ts';
import { readInferBody } from '../infer-body.ts';
import { Codec, sharedCodec } from './codec.ts';
import { encodeLargeAnswer, isLargeAnswer, readLargeBody } from './large-bodies.ts';

afterAll(() => sharedCodec.close());

const vector = (datatype: string, data: unknown[], shape: number[] = [data.length]) => ({
  name: `x-${datatype}`,
  datatype,
  shape,
  data,
});
const json = (...inputs: object[]) => Buffer.from(JSON.stringify({ id: 'a', inputs }));

/** What the model is given, or how the request is refused. */
const outcomeOf = (read: { request: InferRequest; wantsBinary: boolean }) => {
  try {
    return { ...read, request: undefined, id: read.request.id, tensors: read.request.inputs.map(decodeTensor) };
  } catch (error) {
    return error;
  }
};
const small = (body: Buffer, headers = {}) => {
  try {
    return outcomeOf(readInferBody(headers, body));
  } catch (error) {
    return error;
  }
};
const large = (body: Buffer, headers = {}) =>
  readLargeBody(headers, Buffer.from(body)).then(outcomeOf, (error: unknown) => error);

const words = (error: unknown) =>
  error instanceof ApiError ? { code: error.code, message: error.message } : { unexpected: error };

const header = (size: number, tail: number) => {
  const text = JSON.stringify({
    inputs: [
      { name: 'a', datatype: 'FP32', shape: [size], parameters: { binary_data_size: 4 * size } },
      vector('INT64', [1, 2]),
    ],
    parameters: { binary_data_output: true, priority: 3 },
  });
  return {
    body: Buffer.concat([Buffer.from(text), Buffer.from(Float32Array.from({ length: tail }, (_, i) => i / 7).buffer)]),
    headers: { 'inference-header-content-length': String(text.length) },
  };
};

test.each([
  ['FP32', [0.1, -2.5e10, 0]],
  ['FP64', [0.1, -2.5e300, 0]],
  ['FP16', [0.5, 65504, -0.25]],
  ['BOOL', [true, false, 1]],
  ['INT8', [-128, 0, 127]],
  ['UINT8', [0, 255, 7]],
  ['INT16', [-32768, 5, 32767]],
  ['UINT16', [0, 65535, 3]],
  ['INT32', [-(2 ** 31), 5, 2 ** 31 - 1]],
  ['UINT32', [0, 2 ** 32 - 1, 3]],
  ['INT64', [-1, 5, 2 ** 53 - 1]],
  ['UINT64', [0, 5, 2 ** 53 - 1]],
  ['BYTES', ['', 'ä€😀', 'plain']],
])('%s is read in the other thread as it is here', async (datatype, data) => {
  const body = json(vector(datatype, data), { ...vector('FP32', [[1], [2]], [2, 1]), name: 'nested' });
  expect(await large(body)).toEqual(small(body));
});

test('integers beyond 2^53 keep every digit, and long lists are the same', async () => {
  const body = Buffer.from(
    '{"inputs":[{"name":"x","datatype":"UINT64","shape":[2],"data":[18446744073709551615,9007199254740993]}]}',
  );
  expect(await large(body)).toEqual(small(body));
  const long = json(
    vector(
      'FP32',
      Array.from({ length: 50_000 }, (_, i) => i / 3),
      [5, 10_000],
    ),
  );
  expect(await large(long)).toEqual(small(long));
});

test('binary tensors, JSON tensors and parameters arrive together', async () => {
  const { body, headers } = header(1000, 1000);
  const read = await large(body, headers);
  expect(read).toEqual(small(body, headers));
  expect(read).toMatchObject({ wantsBinary: true });
});

test.each<[string, { body: Buffer; headers?: Record<string, string> }]>([
  ['not JSON', { body: Buffer.from('{"inputs":[') }],
  ['not UTF-8', { body: Buffer.from([0x22, 0xff, 0x22]) }],
  ['another value', { body: Buffer.from('7') }],
  ['a missing shape', { body: json({ name: 'x', datatype: 'FP32', data: [1] }) }],
  ['too few elements', { body: json(vector('FP32', [1, 2], [3])) }],
  ['too many elements', { body: json(vector('INT8', [1, 2], [1])) }],
  ['an element out of range', { body: json(vector('INT8', [1, 200])) }],
  ['an element of another type', { body: json(vector('FP32', [1, 'a'])) }],
  ['an unknown data type', { body: json(vector('BF16', [1])) }],
  ['two tensors of one name', { body: json(vector('FP32', [1]), vector('FP32', [1])) }],
  ['bytes that are missing', header(1000, 999)],
  ['bytes too many', header(1000, 1001)],
  ['a header that lies', { ...header(1, 1), headers: { 'inference-header-content-length': '99999' } }],
])('%s is refused in the same words', async (_name, { body, headers }) => {
  const refusal = words(await large(body, headers));
  expect(refusal).toEqual(words(small(body, headers)));
  expect(refusal).toMatchObject({ code: expect.any(String) });
});

test('a body that owns its memory is given away, one that shares it is copied', async () => {
  const owned = Buffer.allocUnsafeSlow(64 * 1024).fill(' ');
  owned.set(json(vector('FP32', [1])));
  const { buffer } = owned;
  await readLargeBody({}, owned);
  expect(buffer.byteLength).toBe(0);
  const shared = Buffer.alloc(1024, ' ').subarray(0, 512);
  shared.set(json(vector('FP32', [1])));
  await readLargeBody({}, shared);
  expect(shared.buffer.byteLength).toBe(1024);
});

test('a body of nothing but empty objects is refused before it fills the memory', async () => {
  const body = Buffer.from(`{"inputs":[${'{},'.repeat(600_000)}{}]}`);
  expect(words(await large(body))).toEqual({
    code: 'BodyTooLarge',
    message: 'The body holds 600002 objects; at most 20000 are taken. Send flat lists or binary tensors.',
  });
});

const tensor = (name: string, count: number): Tensor => ({
  name,
  datatype: 'FP32',
  shape: [count],
  data: Float32Array.from({ length: count }, (_, i) => i / 8 - 3),
});
const response = (...outputs: Tensor[]) => ({ modelName: 'm', modelVersion: '1', id: 'é', outputs });
const request = (outputs?: InferRequest['outputs']): InferRequest => ({ inputs: [], ...(outputs && { outputs }) });
const bytesOf = (body: string | readonly Uint8Array[]) =>
  typeof body === 'string' ? Buffer.from(body) : Buffer.concat(body);

test.each<{ name: string; outputs?: InferRequest['outputs']; binary: boolean }>([
  { name: 'all JSON', binary: false },
  { name: 'all bytes', binary: true },
  { name: 'one of each', outputs: [{ name: 'a', binary: true }, { name: 'b' }, { name: 't' }], binary: false },
])('an answer of $name is written there as it is here', async ({ outputs, binary }) => {
  const texts: Tensor = { name: 't', datatype: 'BYTES', shape: [2], data: ['x', '"'] };
  const answer = response(tensor('a', 5), { ...tensor('b', 9), data: new Float32Array(20).subarray(3, 12) }, texts);
  const there = await encodeLargeAnswer(answer, request(outputs), binary);
  const here = encodeAnswer(answer, request(outputs), binary);
  expect(there.headers).toEqual(here.headers);
  expect(bytesOf(there.body)).toEqual(bytesOf(here.body));
  // The tensors are still there: other requests may share their memory.
  expect(answer.outputs[0]?.data).toHaveLength(5);
});

test('NaN is refused in the same words', async () => {
  const answer = response({ ...tensor('a', 2), data: Float32Array.of(1, NaN) });
  const there = await encodeLargeAnswer(answer, request(), false).catch(words);
  expect(there).toEqual({
    code: 'OutputNotRepresentable',
    message: expect.stringContaining('"a" has NaN at element 1'),
  });
});

test('only numbers in JSON make an answer large', () => {
  expect(isLargeAnswer(response(tensor('a', 200_000)), request(), false)).toBe(false);
  expect(isLargeAnswer(response(tensor('a', 150_000), tensor('b', 60_000)), request(), false)).toBe(true);
  expect(isLargeAnswer(response(tensor('a', 300_000)), request(), true)).toBe(false);
  expect(isLargeAnswer(response(tensor('a', 300_000)), request([{ name: 'a', binary: true }]), false)).toBe(false);
});

test('the line has an end, what waits is done, and threads without work are ended', async () => {
  const codec = new Codec(10);
  const ask = () => {
    const body = new Uint8Array(json(vector('FP32', [1])));
    return codec.run({ kind: 'decode', body, jsonLength: undefined }, []);
  };
  const asked = await Promise.allSettled(Array.from({ length: 80 }, ask));
  const refused = asked.filter(({ status }) => status === 'rejected');
  expect(refused).toHaveLength(14);
  expect(refused[0]).toMatchObject({ reason: { code: 'QueueFull' } });
  while (codec.threads > 0) await new Promise(setImmediate);
  expect(await ask()).toMatchObject({ wantsBinary: false });
  await codec.close();
});

test('what is under way when a thread is ended fails, and the next body is read in a new thread', async () => {
  const codec = new Codec();
  const ask = () =>
    codec.run({ kind: 'decode', body: new Uint8Array(json(vector('FP32', [1]))), jsonLength: undefined }, []);
  const cut = ask();
  const failed = expect(cut).rejects.toThrow('has ended');
  await codec.close();
  await failed;
  expect(await ask()).toMatchObject({ wantsBinary: false });
  await codec.close();
});
