import { describe, expect, test } from '@jest/globals';
import { isDeepStrictEqual } from 'node:util';
import { ApiError } from '../errors.ts';
import { createRandom } from '../testdata/random.ts';
import { decodeTensor } from './decode-tensor.ts';
import { parseExactJson } from './exact-json.ts';
import { readJsonBody } from './json-body.ts';
import { scanNumbers } from './json-numbers.ts';
import { readInferRequest } from './v2-request.ts';

/** Bodies are long enough to be scanned. */
const SPACE = ' '.repeat(4096);

/** What comes of a body: the typed elements of each input, or the error. */
function outcome(read: () => ReturnType<typeof readJsonBody>) {
  try {
    const { inputs, ...rest } = read();
    return { ...rest, inputs: inputs.map((input) => [input.name, decodeTensor(input)]) };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { code: error.code, message: error.message };
  }
}

const scanned = (body: string) => outcome(() => readJsonBody(Buffer.from(body)));
const parsed = (body: string) => outcome(() => readInferRequest(parseExactJson(body), ''));

/** The scanner and JSON.parse agree on a body. What is wrong may be told in another order where several things are. */
function expectSame(body: string): void {
  const [got, want] = [scanned(body), parsed(body)];
  const isSame = 'code' in want ? 'code' in got && got.code === want.code : isDeepStrictEqual(got, want);
  if (!isSame) expect({ body, got }).toEqual({ body, got: want });
}

const input = (datatype: string, shape: number[], data: string) =>
  `{"name":"x","datatype":"${datatype}","shape":${JSON.stringify(shape)},"data":${data}}`;
const bodyOf = (...inputs: string[]) => `{"inputs":[${inputs.join(',')}]${SPACE}}`;

const NUMBERS = [
  '0',
  '-0',
  '0.0',
  '-0.0',
  '1',
  '-1',
  '1.5',
  '1E5',
  '1e-5',
  '1E-5',
  '0.1e+2',
  '1e400',
  '-1e400',
  '1e-400',
  '5e-324',
  '1e39',
  '3.4028235e38',
  '3.4028235677973366e38',
  '3.4028236e38',
  '1.401298464324817e-45',
  '7e-46',
  '0.1',
  '0.2',
  '0.30000000000000004',
  '1234567890123456',
  '12345678901234567',
  '123456789012345678',
  '1234567890123456789',
  '9007199254740993',
  '9223372036854775807',
  '9223372036854775808',
  '-9223372036854775808',
  '18446744073709551615',
  '18446744073709551616',
  '123456789012345678901234',
  '0.1234567890123456',
  '0.123456789012345678901234',
  '1.00000005960464477539',
  '16777217',
  '16777216.5',
  '0.00000000000000000000000000000001',
  '1.17549435e-38',
  '255',
  '256',
  '-128',
  '-129',
  '65535',
  '65536',
  '2147483648',
  '4294967295',
];
const NOT_NUMBERS = [
  '01',
  '+1',
  '.5',
  '1.',
  '-',
  '--1',
  '1e',
  '1e+',
  '1.e5',
  '0x10',
  '1_000',
  'NaN',
  'Infinity',
  '-Infinity',
  '1,',
  ',1',
  '1 2',
  '1.2.3',
  '1e5.5',
  '00',
  '-01',
  '1e5e5',
  "'1'",
  'null',
  'true',
  '"1"',
  '{}',
  '٣',
  '1\u00a0',
  '1\u0000',
  '//1',
];
const DATATYPES = [
  'FP32',
  'FP64',
  'FP16',
  'INT8',
  'UINT8',
  'INT16',
  'UINT16',
  'INT32',
  'UINT32',
  'INT64',
  'UINT64',
  'BOOL',
  'BYTES',
];

test.each(DATATYPES)('every way to write a number means the same for %s, scanned or parsed', (datatype) => {
  for (const number of [...NUMBERS, ...NOT_NUMBERS]) {
    expectSame(bodyOf(input(datatype, [1], `[${number}]`)));
    expectSame(bodyOf(input(datatype, [3], `[ 1 ,\n${number}\t,\r2]`)));
    expectSame(bodyOf(input(datatype, [1, 2], `[[${number},${number}]]`)));
  }
});

describe('thousands of generated bodies', () => {
  const random = createRandom(4);
  const pick = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T;
  const digits = (count: number) => Array.from({ length: count }, () => Math.floor(random() * 10)).join('');

  function number(): string {
    const kind = random();
    if (kind < 0.1) return pick(NUMBERS);
    if (kind < 0.2) return String(Math.floor((random() - 0.5) * 2 ** pick([8, 16, 32, 54])));
    if (kind < 0.5) return String(Math.fround((random() - 0.5) * 10 ** pick([-30, -5, 0, 3, 20])));
    const whole = String(Number(digits(pick([1, 2, 5, 8]))));
    const fraction = pick(['', '', `.${digits(pick([1, 3, 7, 8, 15, 16, 17, 20, 24]))}`]);
    return `${pick(['', '-'])}${whole}${fraction}${pick(['', '', '', `e${pick(['', '+', '-'])}${digits(2)}`])}`;
  }

  function nested(shape: readonly number[]): string {
    const [size = 0, ...rest] = shape;
    const space = pick(['', '', ' ', '\n  ']);
    const items = Array.from({ length: size }, () => (rest.length === 0 ? number() : nested(rest)));
    return `[${space}${items.join(`${space},${space}`)}${space}]`;
  }

  function body(): string {
    const inputs = Array.from({ length: pick([1, 1, 2, 3]) }, (_, index) => {
      const shape = Array.from({ length: pick([1, 1, 2, 3]) }, () => pick([1, 2, 3, 5]));
      const said = random() < 0.1 ? [...shape, 1] : shape;
      const flat = [shape.reduce((product, size) => product * size, 1)];
      const fields = [
        `"name":"${pick(['x', 'data', '\\"data\\"', 'a\\\\'])}${index}"`,
        `"datatype":"${pick(['FP32', 'FP32', 'INT64', 'INT32', 'FP64', 'UINT8'])}"`,
        `"shape":${JSON.stringify(said)}`,
        `"data":${nested(random() < 0.5 ? flat : shape)}`,
      ].toSorted(() => random() - 0.5);
      return `{${fields.join(pick([',', ' , ']))}}`;
    });
    return `{"id":"${pick(['1', '\\"data\\":[1,2]'])}",${SPACE}"inputs":[${inputs.join(',')}]}`;
  }

  test('mean the same, scanned or parsed', () => {
    for (let count = 0; count < 2500; count += 1) expectSame(body());
  });

  test('that are broken anywhere are broken for both', () => {
    for (let count = 0; count < 1500; count += 1) {
      const text = body();
      const at = Math.floor(random() * text.length);
      expectSame(
        text.slice(0, at) + pick(['', '"', '[', ']', '{', '}', ',', '0', '-', ':', '\\', 'e']) + text.slice(at + 1),
      );
    }
  });

  test('floats have the bits of the rounded double', () => {
    const texts = Array.from({ length: 30_000 }, number);
    const bytes = Buffer.from(`[${texts.join(',')}]`);
    const finite = texts.filter((text) => Number.isFinite(Math.fround(JSON.parse(text) as number)));
    const out = new Float32Array(finite.length);
    const list = Buffer.from(`[${finite.join(',')}]`);
    expect(scanNumbers(list, { start: 0, end: list.byteLength }, out)).toEqual([finite.length]);
    const want = Float32Array.from(finite, (text) => Math.fround(JSON.parse(text) as number));
    expect(Buffer.from(out.buffer).equals(Buffer.from(want.buffer))).toBe(true);
    const all = new Float32Array(texts.length);
    expect(scanNumbers(bytes, { start: 0, end: bytes.byteLength }, all)).toBeUndefined();
  });
});

test('a body cut off at any byte is refused as one that is not JSON', () => {
  const whole = `{"id":"a\\"]","inputs":[${input('FP32', [2, 2], '[[1.25,-2],[3e2,4]]')},${input('INT64', [1], '[5]').replace('x', 'y')}]}`;
  const padded = `{"pad":"${SPACE}",${whole.slice(1)}`;
  for (let end = padded.length - whole.length; end < padded.length; end += 1) {
    expect(scanned(padded.slice(0, end))).toMatchObject({ code: 'InvalidJson' });
  }
  expect(scanned(padded)).not.toHaveProperty('code');
});

const X = input('FP32', [2], '[1,2]');
test.each([
  { name: 'the last of two "data" keys counts', body: bodyOf(input('FP32', [1], '[1],"data":[2]')) },
  {
    name: 'two "data" keys beside one with texts',
    body: bodyOf(input('FP32', [1], '[1],"data":[2]'), input('BYTES', [1], '["a"]')),
  },
  {
    name: 'two "data" keys beside an invalid one',
    body: bodyOf(input('FP32', [1], '[1],"data":[2]'), input('FP32', [1], '["a"]').replace('"x"', '"y"')),
  },
  { name: '"data" beside the inputs', body: `{"data":[7,8],"inputs":[${input('FP32', [2], '["a","b"]')}]${SPACE}}` },
  {
    name: '"data" beside the inputs, and a key written with an escape',
    body: `{"data":[7,8],"inputs":[${X.replace('"data"', '"d\\u0061ta"').replace('[1,2]', '[]')}]${SPACE}}`,
  },
  { name: 'an escaped key alone', body: bodyOf(X.replace('"data"', '"d\\u0061ta"')) },
  { name: '"data" in the parameters', body: `{"parameters":{"data":[7,8]},"inputs":[${X}]${SPACE}}` },
  {
    name: '"data" in the parameters of the input',
    body: bodyOf(input('FP32', [2], '[1,2],"parameters":{"data":[1]}')),
  },
  { name: '"data": in a text', body: `{"id":"\\"data\\":[9,9]","inputs":[${X}]${SPACE}}` },
  { name: 'a text of "data" as a value', body: `{"id":"data","inputs":[${X}]${SPACE}}` },
  { name: 'backslashes before the quote', body: `{"id":"\\\\\\\\","inputs":[${X}]${SPACE}}` },
  { name: 'an outputs list', body: `{"inputs":[${X}],"outputs":[{"name":"data"}]${SPACE}}` },
  { name: '"outputs" with data', body: `{"inputs":[${X}],"outputs":[{"name":"y","data":[1]}]${SPACE}}` },
  { name: 'two inputs lists', body: `{"inputs":[${X}],"inputs":[${input('FP32', [2], '[3,4]')}]${SPACE}}` },
  { name: 'uneven nesting', body: bodyOf(input('FP32', [2, 2], '[[1,2,3],[4]]')) },
  { name: 'nesting of another shape', body: bodyOf(input('FP32', [4, 1], '[[1,2],[3,4]]')) },
  { name: 'nesting deeper than the shape', body: bodyOf(input('FP32', [1], '[[1]]')) },
  {
    name: 'nesting as deep as sixteen',
    body: bodyOf(input('FP32', Array(16).fill(1) as number[], `${'['.repeat(16)}1${']'.repeat(16)}`)),
  },
  { name: 'nesting as deep as twenty', body: bodyOf(input('FP32', [1], `${'['.repeat(20)}1${']'.repeat(20)}`)) },
  { name: 'values beside lists', body: bodyOf(input('FP32', [2], '[[1],2]')) },
  { name: 'a list that is not closed', body: bodyOf(input('FP32', [2], '[1,2')) },
  { name: 'a list that is closed twice', body: bodyOf(input('FP32', [2], '[1,2]]')) },
  { name: 'too few', body: bodyOf(input('FP32', [3], '[1,2]')) },
  { name: 'too many', body: bodyOf(input('FP32', [1], '[1,2]')) },
  { name: 'none', body: bodyOf(input('FP32', [0], '[]')) },
  { name: 'none, nested', body: bodyOf(input('FP32', [2, 0], '[[],[]]')) },
  { name: 'a scalar', body: bodyOf(input('FP32', [], '[5]')) },
  { name: 'a shape that lies', body: bodyOf(input('FP32', [2 ** 31], '[1,2]')) },
  { name: 'a shape that overflows', body: bodyOf(input('FP32', [1e9, 1e9, 1e9], '[1,2]')) },
  { name: 'a data type that is not known', body: bodyOf(input('FP8', [2], '[1,2]')) },
  { name: 'an input twice', body: bodyOf(X, X) },
  { name: 'an empty body of spaces', body: SPACE + SPACE },
  { name: 'text after the end', body: `${bodyOf(X)}x` },
  { name: 'a byte order mark', body: `\ufeff${bodyOf(X)}` },
  { name: '__proto__ as a key', body: bodyOf(input('FP32', [2], '[1,2],"__proto__":{"data":[3,4]}')) },
  { name: 'constructor as an input name', body: bodyOf(X.replace('"x"', '"constructor"')) },
])('$name: the same, scanned or parsed', ({ body }) => {
  expectSame(body);
});

test('bytes that are not UTF-8 are refused, also beside a scanned list', () => {
  const body = Buffer.from(`{"id":"?","inputs":[${X}]${SPACE}}`);
  body[body.indexOf('?')] = 0xff;
  expect(outcome(() => readJsonBody(body))).toMatchObject({
    code: 'InvalidJson',
    message: expect.stringContaining('UTF-8'),
  });
});

test('what is small as text and huge in memory is refused, also beside a scanned list', () => {
  const body = Buffer.from(`{"inputs":[${X}],"junk":[${'{},'.repeat(400_000)}{}]}`);
  expect(outcome(() => readJsonBody(body))).toMatchObject({
    code: 'BodyTooLarge',
    message: expect.stringContaining('objects'),
  });
});

test('numbers go into the tensor without passing through a JavaScript array', () => {
  const { inputs } = readJsonBody(Buffer.from(bodyOf(input('FP32', [2, 2], '[[1,2],[3,4]]'))));
  expect(inputs[0]?.source).toEqual({ kind: 'json', values: Float32Array.of(1, 2, 3, 4), nesting: [2, 2] });
});

test('searching a body takes time in proportion to its size, whatever is in it', () => {
  // Each of these would take minutes if every key were followed to the end of the body.
  for (const piece of ['"data":[', '"data":["",', '{"data":[1]', '\\"', '"\\\\', '[', '{"data":[', '"data"']) {
    const body = Buffer.from(`{"inputs":[${piece.repeat(1_500_000 / piece.length)}`);
    expect(outcome(() => readJsonBody(body))).toMatchObject({ code: expect.any(String) });
  }
});
