import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSchema } from './generate-schema.ts';
import { inferRequestCodec, readInferMessage } from './infer-message.ts';
import { codec, fromLong, root, toLong } from './messages.ts';
import { readParameters, writeParameters } from './parameters.ts';
import type { InferParameters } from './parameters.ts';
import { percentEncode } from './status.ts';
import { readTimeoutMs } from './request-head.ts';

test('schema.json is what the .proto files say', () => {
  const committed = readFileSync(join(import.meta.dirname, 'schema.json'), 'utf8');
  expect(JSON.parse(committed)).toEqual(JSON.parse(buildSchema()));
});

test('a frame has its length in front', () => {
  const live = codec('inference.ServerLiveResponse');
  expect(live.frame({ live: true }).toString('hex')).toBe('00000000020801');
  expect(codec('inference.ServerMetadataResponse').frame({ name: 'abc' }).toString('hex')).toBe('00000000050a03616263');
  expect(live.frame({}).toString('hex')).toBe('0000000000');
});

test.each([
  { name: 'small', value: 7n, unsigned: false, want: 7 },
  { name: 'negative', value: -7n, unsigned: false, want: -7 },
  { name: 'beyond 2^53', value: 2n ** 53n + 1n, unsigned: false, want: 2n ** 53n + 1n },
  { name: 'the least', value: -(2n ** 63n), unsigned: false, want: -(2n ** 63n) },
  { name: 'the most', value: 2n ** 63n - 1n, unsigned: false, want: 2n ** 63n - 1n },
  { name: 'the most, unsigned', value: 2n ** 64n - 1n, unsigned: true, want: 2n ** 64n - 1n },
  { name: 'large and safe', value: -(2n ** 53n - 1n), unsigned: false, want: -(2 ** 53 - 1) },
  { name: 'unsigned and safe', value: 2n ** 52n, unsigned: true, want: 2 ** 52 },
])('64-bit integers keep every digit: $name', ({ value, unsigned, want }) => {
  expect(fromLong(toLong(value, unsigned))).toBe(want);
});

describe('parameters', () => {
  const type = root.lookupType('inference.ModelInferResponse');
  const roundTrip = (parameters: Record<string, string | number | boolean | bigint>) => {
    const bytes = type.encode({ parameters: writeParameters(parameters) }).finish();
    return readParameters((type.decode(bytes) as unknown as { parameters: InferParameters }).parameters, 'parameters');
  };

  test('of each kind survive both directions', () => {
    const parameters = { a: true, b: false, c: 'text', d: 0, e: -(2 ** 40), f: 1.5, g: 2n ** 62n, h: 2n ** 64n - 1n };
    expect(roundTrip(parameters)).toEqual(parameters);
  });

  test('may have any name, and change no prototype', () => {
    const read = roundTrip(JSON.parse('{"__proto__": "x", "constructor": 1, "": true}') as Record<string, string>);
    expect(Object.keys(read ?? {}).toSorted()).toEqual(['', '__proto__', 'constructor']);
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
  });

  test('without a value are refused', () => {
    expect(() => readParameters({ odd: {} }, 'parameters')).toThrow(
      /^parameters.odd has no value; set one of bool_param/,
    );
  });

  test('in too great a number are refused', () => {
    const many = Object.fromEntries(Array.from({ length: 1025 }, (_, index) => [`p${index}`, { bool_param: true }]));
    expect(() => readParameters(many as InferParameters, 'parameters')).toThrow(/has 1025 entries; at most 1024/);
  });
});

describe('requests', () => {
  const type = root.lookupType('inference.ModelInferRequest');
  const read = (value: object) =>
    readInferMessage(inferRequestCodec.decode(Buffer.from(type.encode(type.fromObject(value)).finish())));
  const x = { name: 'x', datatype: 'FP32', shape: [1] };

  test('raw contents are not copied', () => {
    const bytes = Buffer.from(
      type.encode(type.fromObject({ inputs: [x], raw_input_contents: [Buffer.alloc(4)] })).finish(),
    );
    const [input] = readInferMessage(inferRequestCodec.decode(bytes)).inputs;
    expect(input?.source.kind === 'raw' && input.source.bytes.buffer).toBe(bytes.buffer);
  });

  test('typed 64-bit contents keep every digit', () => {
    const contents = { int64_contents: ['-9223372036854775808', '9223372036854775807', '-1'] };
    const [input] = read({ inputs: [{ ...x, datatype: 'INT64', shape: [3], contents }] }).inputs;
    expect(input?.source).toEqual({
      kind: 'typed',
      field: 'int64_contents',
      values: new BigInt64Array([-(2n ** 63n), 2n ** 63n - 1n, -1n]),
    });
  });

  test.each([
    { name: 'no name', value: { inputs: [{ ...x, name: '' }] }, want: 'inputs[0].name is missing' },
    { name: 'a tensor twice', value: { inputs: [x, x] }, want: 'inputs[1].name is "x" for the second time' },
    {
      name: 'a negative size',
      value: { inputs: [{ ...x, shape: [2, -1] }], raw_input_contents: [Buffer.alloc(1)] },
      want: 'inputs[0].shape[1] is -1',
    },
    {
      name: 'a size beyond 2^53',
      value: { inputs: [{ ...x, shape: ['9223372036854775807'] }] },
      want: 'inputs[0].shape[0] is 9223372036854775807',
    },
    {
      name: 'too many dimensions',
      value: { inputs: [{ ...x, shape: Array.from({ length: 17 }, () => 1) }] },
      want: 'inputs[0].shape has 17 dimensions',
    },
    {
      name: 'fewer raw contents than inputs',
      value: { inputs: [x, { ...x, name: 'y' }], raw_input_contents: [Buffer.alloc(4)] },
      want: 'raw_input_contents has 1 entries for 2 inputs',
    },
    {
      name: 'raw contents without inputs',
      value: { raw_input_contents: [Buffer.alloc(4)] },
      want: 'raw_input_contents has 1 entries for 0 inputs',
    },
    {
      name: 'raw and typed contents',
      value: { inputs: [{ ...x, contents: { fp32_contents: [1] } }], raw_input_contents: [Buffer.alloc(4)] },
      want: 'inputs[0].contents is there beside raw_input_contents',
    },
    {
      name: 'two fields of typed contents',
      value: { inputs: [{ ...x, contents: { fp32_contents: [1], int_contents: [1] } }] },
      want: 'inputs[0].contents has both int_contents and fp32_contents',
    },
    {
      name: 'shared memory',
      value: { inputs: [{ ...x, parameters: { shared_memory_region: { string_param: 'r' } } }] },
      want: 'inputs[0].parameters.shared_memory_region asks for shared memory',
    },
    {
      name: 'shared memory beside raw contents, as Triton clients send it',
      value: {
        inputs: [
          { ...x, parameters: { shared_memory_region: { string_param: 'r' } } },
          { ...x, name: 'y' },
        ],
        raw_input_contents: [Buffer.alloc(4)],
      },
      want: 'inputs[0].parameters.shared_memory_region asks for shared memory',
    },
    {
      name: 'shared memory for an output',
      value: { outputs: [{ name: 'y', parameters: { shared_memory_region: { string_param: 'r' } } }] },
      want: 'outputs[0].parameters.shared_memory_region asks for shared memory',
    },
    {
      name: 'a negative number of classes',
      value: { outputs: [{ name: 'y', parameters: { classification: { int64_param: -1 } } }] },
      want: 'outputs[0].parameters.classification is -1',
    },
    {
      name: 'too many tensors',
      value: { inputs: Array.from({ length: 1025 }, (_, index) => ({ ...x, name: `x${index}` })) },
      want: 'inputs has 1025 tensors',
    },
  ])('with $name are refused', ({ value, want }) => {
    expect(() => read(value)).toThrow(want);
  });

  test('ask for classes of an output', () => {
    expect(read({ outputs: [{ name: 'y', parameters: { classification: { int64_param: 3 } } }] }).outputs).toEqual([
      { name: 'y', classification: 3 },
    ]);
  });
});

test.each([
  { header: '500m', want: 500 },
  { header: '1H', want: 3_600_000 },
  { header: '2M', want: 120_000 },
  { header: '3S', want: 3000 },
  { header: '99999999n', want: 99.999999 },
  { header: '0u', want: 0 },
])('grpc-timeout $header', ({ header, want }) => {
  expect(readTimeoutMs(header)).toBeCloseTo(want, 9);
});

test.each(['', '5', 'm', '-1S', '123456789m', '1.5S', '5s'])('grpc-timeout %j is refused', (header) => {
  expect(() => readTimeoutMs(header)).toThrow(/^grpc-timeout is /);
});

test.each([
  { message: 'plain text, with ~ and !', want: 'plain text, with ~ and !' },
  { message: '100 %', want: '100 %25' },
  { message: 'a\nb\0', want: 'a%0Ab%00' },
  { message: 'größe', want: 'gr%C3%B6%C3%9Fe' },
])('messages are percent-encoded: $message', ({ message, want }) => {
  expect(percentEncode(message)).toBe(want);
});

test('messages in headers are bounded', () => {
  expect(percentEncode('ß'.repeat(100_000)).length).toBeLessThan(4100);
});
