import { describe, expect, test } from '@jest/globals';
import type { Datatype } from './datatype.ts';
import { decodeTensor } from './decode-tensor.ts';
import { encodeTensor } from './encode-tensor.ts';
import { fromFloat16Bits, toFloat16Bits } from './float16.ts';
import { parseExactJson } from './exact-json.ts';
import { matchInputs, matchOutputs } from './match-inputs.ts';
import { parseInferRequest } from './v2-request.ts';
import { encodeInferResponse } from './v2-response.ts';

const body = (input: object, more: object = {}) => JSON.stringify({ ...more, inputs: [input] });
const x = (more: object) => ({ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2], ...more });
const decode = (text: string) => {
  const [input] = parseInferRequest(text).inputs;
  if (input === undefined) throw new Error('no input');
  return decodeTensor(input);
};

test.each<{ datatype: Datatype; data: string; shape?: number[] }>([
  { datatype: 'BOOL', data: '[true,false]' },
  { datatype: 'UINT8', data: '[0,255]' },
  { datatype: 'UINT16', data: '[0,65535]' },
  { datatype: 'UINT32', data: '[0,4294967295]' },
  { datatype: 'UINT64', data: '[0,18446744073709551615]' },
  { datatype: 'INT8', data: '[-128,127]' },
  { datatype: 'INT16', data: '[-32768,32767]' },
  { datatype: 'INT32', data: '[-2147483648,2147483647]' },
  { datatype: 'INT64', data: '[-9223372036854775808,9223372036854775807]' },
  { datatype: 'INT64', data: '[9007199254740993,-1]' },
  { datatype: 'FP16', data: '[0.5,65504]' },
  { datatype: 'FP32', data: '[1.5,-0.0]' },
  { datatype: 'FP64', data: '[5e-324,1.7976931348623157e+308]' },
  { datatype: 'FP64', data: '[0.12345678901234566,-1e+100]' },
  { datatype: 'BYTES', data: '["","süß 🦊"]' },
])('$datatype $data goes through JSON both ways without losing a bit', ({ datatype, data }) => {
  const tensor = decode(`{"inputs":[{"name":"x","datatype":"${datatype}","shape":[2],"data":${data}}]}`);
  expect(encodeTensor(tensor)).toBe(`{"name":"x","datatype":"${datatype}","shape":[2],"data":${data}}`);
});

test('data may be nested as the shape says', () => {
  expect(decode(body(x({ shape: [2, 1, 2], data: [[[1, 2]], [[3, 4]]] }))).data).toEqual(Float32Array.of(1, 2, 3, 4));
});

test('a tensor may be empty and may have no dimension at all', () => {
  expect(decode(body(x({ shape: [0, 3], data: [] }))).data).toHaveLength(0);
  expect(decode(body(x({ shape: [], data: [7] }))).data).toEqual(Float32Array.of(7));
});

test.each([
  { name: 'not JSON', text: '{', says: 'not JSON' },
  { name: 'a list', text: '[]', says: 'the body is a list' },
  { name: 'no inputs', text: '{}', says: 'inputs is missing' },
  { name: 'id is a number', text: body(x({}), { id: 5 }), says: 'id is 5' },
  { name: 'nested parameters', text: body(x({}), { parameters: { a: { b: 1 } } }), says: 'parameters.a is an object' },
  { name: 'an input that is text', text: '{"inputs":["x"]}', says: 'inputs[0] is "x"' },
  { name: 'no name', text: body({ ...x({}), name: undefined }), says: 'inputs[0].name is missing' },
  { name: 'an unknown data type', text: body(x({ datatype: 'FP8' })), says: 'inputs[0].datatype is "FP8"' },
  {
    name: 'a data type named like a property of objects',
    text: body(x({ datatype: 'toString' })),
    says: 'datatype is "toString"',
  },
  { name: 'a negative size', text: body(x({ shape: [-2] })), says: 'inputs[0].shape[0] is -2' },
  { name: 'a broken size', text: body(x({ shape: [1.5] })), says: 'inputs[0].shape[0] is 1.5' },
  { name: 'a product beyond all bounds', text: body(x({ shape: [1e9, 1e9] })), says: 'more than a tensor may hold' },
  { name: 'too little data', text: body(x({ shape: [3] })), says: 'has 2 elements, but shape [3] needs 3' },
  { name: 'too much data', text: body(x({ shape: [1] })), says: 'has 2 elements' },
  { name: 'rank 17', text: body(x({ shape: Array(17).fill(1) })), says: 'has 17 dimensions' },
  { name: 'data missing', text: body({ ...x({}), data: undefined }), says: 'inputs[0].data is missing' },
  { name: 'data of another nesting', text: body(x({ shape: [2, 1], data: [[1, 2]] })), says: 'not nested as shape' },
  { name: 'values beside lists', text: body(x({ shape: [2, 1], data: [[1], 2] })), says: 'mixes lists and values' },
  { name: 'text for a number', text: body(x({ data: [1, '2'] })), says: 'inputs[0].data[1] is "2"' },
  { name: 'null for a number', text: body(x({ data: [null, 1] })), says: 'inputs[0].data[0] is null' },
  { name: 'a float that overflows', text: body(x({ data: [1e39, 0] })), says: 'too large for FP32' },
  { name: 'a half that overflows', text: body(x({ datatype: 'FP16', data: [65520, 0] })), says: 'too large for FP16' },
  {
    name: 'a fraction for INT8',
    text: body(x({ datatype: 'INT8', data: [0.5, 0] })),
    says: 'INT8 takes whole numbers',
  },
  {
    name: 'an INT8 that overflows',
    text: body(x({ datatype: 'INT8', data: [0, 128] })),
    says: 'inputs[0].data[1] is 128',
  },
  { name: 'a negative UINT64', text: body(x({ datatype: 'UINT64', data: [-1, 0] })), says: 'data[0] is -1' },
  {
    name: 'an INT64 that overflows by one',
    text: '{"inputs":[{"name":"x","datatype":"INT64","shape":[1],"data":[9223372036854775808]}]}',
    says: 'is 9223372036854775808',
  },
  {
    name: 'an INT64 with exponent',
    text: body(x({ datatype: 'INT64', data: [1e20, 0] })),
    says: 'INT64 takes whole numbers',
  },
  { name: '2 for BOOL', text: body(x({ datatype: 'BOOL', data: [2, true] })), says: 'BOOL takes true and false' },
  { name: 'NUL in a text', text: body(x({ datatype: 'BYTES', data: ['a\0b', ''] })), says: 'NUL' },
  { name: 'half a surrogate pair', text: body(x({ datatype: 'BYTES', data: ['\ud800', ''] })), says: 'surrogate' },
  {
    name: 'binary data without its header',
    text: body(x({ data: undefined, parameters: { binary_data_size: 8 } })),
    says: 'inputs[0].parameters.binary_data_size needs the header Inference-Header-Content-Length',
  },
  {
    name: 'binary data beside data',
    text: body(x({ parameters: { binary_data_size: 8 } })),
    says: 'inputs[0].data is there beside binary_data_size',
  },
  {
    name: 'a tensor twice',
    text: JSON.stringify({ inputs: [x({}), x({})] }),
    says: 'inputs[1].name is "x" for the second time',
  },
  {
    name: '100,000 levels of lists',
    text: body({ ...x({}) }).replace('[1,2]', '['.repeat(100_000) + ']'.repeat(100_000)),
    says: 'inputs[0].data',
  },
])('$name is refused: $says', ({ text, says }) => {
  expect(() => decode(text)).toThrow(
    expect.objectContaining({ name: 'ApiError', message: expect.stringContaining(says) }),
  );
});

test('__proto__ in a body changes no object', () => {
  parseInferRequest('{"__proto__":{"polluted":1},"parameters":{"__proto__":1},"inputs":[]}');
  expect(({} as { polluted?: number }).polluted).toBeUndefined();
});

test('integers keep every digit, other numbers stay numbers', () => {
  expect(parseExactJson('[12345678901234567890, 1.5, 1234567890123456, 0.1234567890123456789]')).toEqual([
    12345678901234567890n,
    1.5,
    1234567890123456,
    0.12345678901234568,
  ]);
});

describe('against a model', () => {
  const inputs = [{ name: 'x', datatype: 'FP32' as const, shape: [-1, 2] }];
  const outputs = [{ name: 'y', datatype: 'FP32' as const, shape: [-1] }];
  const match = (request: object) => matchInputs(parseInferRequest(JSON.stringify(request)), inputs);

  test.each([
    { name: 'an unknown input', input: x({ name: 'z' }), says: 'the model takes "x"' },
    { name: 'another data type', input: x({ datatype: 'FP64', shape: [1, 2] }), says: 'takes FP32 for "x"' },
    { name: 'another rank', input: x({}), says: 'is [2]; the model takes [-1, 2]' },
    { name: 'another fixed size', input: x({ shape: [2, 1] }), says: 'the model takes [-1, 2]' },
  ])('$name is refused', ({ input, says }) => {
    expect(() => match({ inputs: [input] })).toThrow(says);
  });

  test('a missing input is named', () => {
    expect(() => match({ inputs: [] })).toThrow('inputs lacks "x"');
  });

  test('outputs are those asked for, or all; unknown and double ones are refused', () => {
    const ask = (asked?: object[]) =>
      matchOutputs(parseInferRequest(JSON.stringify({ inputs: [], outputs: asked })), outputs);
    expect(ask()).toEqual(['y']);
    expect(ask([{ name: 'y' }])).toEqual(['y']);
    expect(() => ask([{ name: 'q' }])).toThrow('outputs[0].name is "q"; the model gives "y"');
    expect(() => ask([{ name: 'y' }, { name: 'y' }])).toThrow('second time');
  });
});

test.each([NaN, Infinity, -Infinity])('%s in an output is refused, never written as null', (value) => {
  const tensor = { name: 'y', datatype: 'FP32' as const, shape: [1], data: Float32Array.of(value) };
  const refusal = { code: 'OutputNotRepresentable', message: expect.stringContaining('binary_data') };
  expect(() => encodeTensor(tensor)).toThrow(expect.objectContaining(refusal));
});

test('id and parameters are echoed, large integers included', () => {
  const { id, parameters } = parseInferRequest(
    '{"id":"a","parameters":{"n":12345678901234567890,"s":"t"},"inputs":[]}',
  );
  const text = encodeInferResponse({
    modelName: 'm',
    modelVersion: '1',
    id: id ?? '',
    parameters: parameters ?? {},
    outputs: [],
  });
  expect(text).toBe(
    '{"model_name":"m","model_version":"1","id":"a","parameters":{"n":12345678901234567890,"s":"t"},"outputs":[]}',
  );
});

test('half precision rounds as IEEE 754 says', () => {
  expect([0.1, 65504, 5.960464477539063e-8, -0].map((value) => fromFloat16Bits(toFloat16Bits(value)))).toEqual([
    0.0999755859375, 65504, 5.960464477539063e-8, -0,
  ]);
});
