import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Server } from 'node:http';
import zlib from 'node:zlib';
import type { Datatype } from '../protocol/datatype.ts';
import type { Tensor } from '../protocol/tensor.ts';
import { createEchoPlane } from '../testdata/echo-plane.ts';
import { createV2Server, listen } from './server.ts';

const MAX_BODY = 1_000_000;
const specs = [
  { name: 'x', datatype: 'FP32' as const, shape: [-1, 2] },
  { name: 't', datatype: 'BYTES' as const, shape: [-1] },
];
const XS = Buffer.from(Float32Array.of(1.5, NaN).buffer);
const TEXT = Buffer.from([3, 0, 0, 0, 0x73, 0xc3, 0xbc]);
const X = { name: 'x', shape: [1, 2], datatype: 'FP32', parameters: { binary_data_size: 8 } };
const T = { name: 't', shape: [1], datatype: 'BYTES', parameters: { binary_data_size: 7 } };

let server: Server | undefined;
let origin: string;
async function serve(...given: Parameters<typeof createEchoPlane>) {
  const { plane, model } = createEchoPlane(...given);
  await model.load();
  server = createV2Server({ plane, maxBodyBytes: MAX_BODY, onFailure: () => {} });
  origin = `http://127.0.0.1:${await listen(server, 0, '127.0.0.1')}`;
}
beforeEach(() => serve({ specs, labels: ['cat', 'dog'] }));
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

interface Answer {
  status: number;
  headers: Headers;
  json: { error?: string; outputs?: Record<string, unknown>[] };
  /** What follows the JSON. */
  tail: Buffer;
}

async function post(body: string | Buffer, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(`${origin}/v2/models/iris/infer`, { method: 'POST', body, headers });
  const bytes = Buffer.from(await response.arrayBuffer());
  const length = Number(response.headers.get('inference-header-content-length') ?? bytes.byteLength);
  const json = JSON.parse(bytes.toString('utf8', 0, length)) as Answer['json'];
  return { status: response.status, headers: response.headers, json, tail: bytes.subarray(length) };
}

/** JSON, then bytes; `length` is what the header says of the JSON. */
function postBinary(request: object, tail: readonly Buffer[], length?: string): Promise<Answer> {
  const json = Buffer.from(JSON.stringify(request));
  return post(Buffer.concat([json, ...tail]), { 'inference-header-content-length': length ?? String(json.byteLength) });
}

describe('the binary tensor extension', () => {
  test('carries every bit in and out, NaN included, in the order of the outputs', async () => {
    const asked = { id: '1', inputs: [T, X], parameters: { binary_data_output: true } };
    const { status, headers, json, tail } = await postBinary(asked, [TEXT, XS]);
    expect([status, headers.get('content-type')]).toEqual([200, 'application/octet-stream']);
    expect(json.outputs).toEqual([
      { name: 'x', datatype: 'FP32', shape: [1, 2], parameters: { binary_data_size: 8 } },
      { name: 't', datatype: 'BYTES', shape: [1], parameters: { binary_data_size: 7 } },
    ]);
    expect(tail).toEqual(Buffer.concat([XS, TEXT]));
  });

  test('an output says for itself whether it comes as bytes', async () => {
    const outputs = [{ name: 't', parameters: { binary_data: false } }, { name: 'x' }];
    const asked = { inputs: [X, T], parameters: { binary_data_output: true }, outputs };
    const { json, tail } = await postBinary(asked, [XS, TEXT]);
    expect(json.outputs).toMatchObject([
      { name: 't', data: ['sü'] },
      { name: 'x', parameters: { binary_data_size: 8 } },
    ]);
    expect(tail).toEqual(XS);
    const one = { inputs: [X, T], outputs: [{ name: 'x', parameters: { binary_data: true } }, { name: 't' }] };
    expect((await postBinary(one, [XS, TEXT])).tail).toEqual(XS);
  });

  test('one input may be JSON and the other bytes', async () => {
    const x = { name: 'x', shape: [1, 2], datatype: 'FP32', data: [1, 2] };
    const { json } = await postBinary({ inputs: [x, T] }, [TEXT]);
    expect(json.outputs).toMatchObject([{ data: [1, 2] }, { data: ['sü'] }]);
  });

  test('NaN that JSON cannot carry is refused with what to do', async () => {
    expect(await postBinary({ inputs: [X, T] }, [XS, TEXT])).toMatchObject({
      status: 422,
      json: { error: expect.stringContaining('"x" has NaN') },
    });
  });

  test('tensors need no boundary', async () => {
    const asked = { inputs: [T, X], parameters: { binary_data_output: true }, id: 'x' };
    for (let pad = 0; pad < 8; pad += 1) {
      const { tail } = await postBinary({ ...asked, id: 'x'.repeat(pad) }, [TEXT, XS]);
      expect(tail).toEqual(Buffer.concat([XS, TEXT]));
    }
  });

  const sized = (binary_data_size: unknown) => ({ inputs: [{ ...X, parameters: { binary_data_size } }, T] });
  test.each([
    { name: 'no header', body: sized(8), length: undefined, headers: {}, says: 'Inference-Header-Content-Length' },
    { name: 'a header beyond the body', body: sized(8), length: '100000', says: 'is "100000"' },
    { name: 'a header inside the JSON', body: sized(8), length: '20', says: 'not JSON' },
    { name: 'a header inside the bytes', body: sized(8), length: '180', says: 'not' },
    { name: 'a negative header', body: sized(8), length: '-1', says: 'is "-1"' },
    { name: 'a header in words', body: sized(8), length: 'all', says: 'is "all"' },
    { name: 'a header with a fraction', body: sized(8), length: '1.5', says: 'is "1.5"' },
    {
      name: 'a header of 10^20',
      body: sized(8),
      length: '100000000000000000000',
      says: 'Inference-Header-Content-Length',
    },
    { name: 'a negative size', body: sized(-8), says: 'binary_data_size is -8' },
    { name: 'a size of NaN', body: sized('NaN'), says: 'binary_data_size is "NaN"' },
    { name: 'a huge size', body: sized(1e15), says: 'only 15 bytes are left' },
    { name: 'a size beyond exact numbers', body: sized(1e300), says: 'binary_data_size is 1e+300' },
    { name: 'a size with a fraction', body: sized(7.5), says: 'binary_data_size is 7.5' },
    {
      name: 'a size that suits no float',
      body: {
        inputs: [
          { ...X, parameters: { binary_data_size: 7 } },
          { ...T, parameters: { binary_data_size: 8 } },
        ],
      },
      says: 'has 7 bytes, but FP32',
    },
    {
      name: 'bytes that belong to nobody',
      body: sized(8),
      more: Buffer.alloc(3),
      says: 'has 3 bytes that belong to no input',
    },
    {
      name: 'too few bytes',
      body: { inputs: [X, { ...T, parameters: { binary_data_size: 8 } }] },
      says: 'only 7 bytes are left',
    },
    { name: 'data beside bytes', body: { inputs: [{ ...X, data: [1, 2] }, T] }, says: 'data is there beside' },
    {
      name: 'shared memory',
      body: { inputs: [{ ...X, parameters: { shared_memory_region: 'r' } }, T] },
      says: 'shared memory',
    },
    {
      name: 'binary_data_output in words',
      body: { inputs: [X, T], parameters: { binary_data_output: 'yes' } },
      says: 'binary_data_output is "yes"',
    },
    {
      name: 'binary_data in words',
      body: { inputs: [X, T], outputs: [{ name: 'x', parameters: { binary_data: 1 } }] },
      says: 'binary_data is 1',
    },
  ])('$name is refused', async ({ body, length, headers, more, says }) => {
    const tail = [XS, TEXT, ...(more ? [more] : [])];
    const refused = headers ? await post(JSON.stringify(body), headers) : await postBinary(body, tail, length);
    expect(refused).toMatchObject({ status: 400, json: { error: expect.stringContaining(says) } });
    expect((await postBinary({ inputs: [X, T], parameters: { binary_data_output: true } }, [XS, TEXT])).status).toBe(
      200,
    );
  });
});

describe('a raw request', () => {
  const ask = (body: Buffer) => post(body, { 'inference-header-content-length': '0' });
  const serveOne = async (datatype: Datatype, shape: number[]) => {
    server?.close();
    await serve({ specs: [{ name: 'x', datatype, shape }] });
  };

  test.each<{ name: string; datatype: Datatype; shape: number[]; bytes: Buffer; gives: number[] }>([
    {
      name: 'the batch follows from the bytes',
      datatype: 'FP32',
      shape: [-1, 2],
      bytes: Buffer.alloc(24),
      gives: [3, 2],
    },
    {
      name: 'the batch is 1 where another size is open',
      datatype: 'INT16',
      shape: [-1, -1],
      bytes: Buffer.alloc(6),
      gives: [1, 3],
    },
    { name: 'a text is its bytes', datatype: 'BYTES', shape: [-1], bytes: Buffer.from('süß'), gives: [1] },
  ])('$name', async ({ datatype, shape, bytes, gives }) => {
    await serveOne(datatype, shape);
    const { status, json, tail } = await ask(bytes);
    expect([status, json.outputs]).toMatchObject([200, [{ name: 'x', shape: gives }]]);
    expect(tail.subarray(-bytes.byteLength)).toEqual(bytes);
  });

  test.each<{ name: string; datatype: Datatype; shape: number[]; bytes: Buffer; says: string }>([
    {
      name: 'bytes that make no whole row',
      datatype: 'FP32',
      shape: [-1, 2],
      bytes: Buffer.alloc(9),
      says: 'has 9 bytes',
    },
    {
      name: 'two open sizes',
      datatype: 'FP32',
      shape: [-1, -1, -1],
      bytes: Buffer.alloc(8),
      says: 'more than one size',
    },
    { name: 'a text that is not UTF-8', datatype: 'BYTES', shape: [-1], bytes: Buffer.from([0xff]), says: 'UTF-8' },
  ])('$name: refused', async ({ datatype, shape, bytes, says }) => {
    await serveOne(datatype, shape);
    expect(await ask(bytes)).toMatchObject({ status: 400, json: { error: expect.stringContaining(says) } });
  });

  test('a model with two inputs needs a header', async () => {
    expect(await ask(XS)).toMatchObject({ status: 400, json: { error: expect.stringContaining('one input') } });
  });
});

const inputs = [
  { name: 'x', shape: [1, 2], datatype: 'FP32', data: [0.25, 0.75] },
  { name: 't', shape: [1], datatype: 'BYTES', data: ['a'] },
];

test('classes instead of scores, with their labels', async () => {
  const outputs = [{ name: 'x', parameters: { classification: 1 } }];
  expect((await post(JSON.stringify({ inputs, outputs }))).json.outputs).toEqual([
    { name: 'x', datatype: 'BYTES', shape: [1, 1], data: ['0.75:1:dog'] },
  ]);
  const texts = [{ name: 't', parameters: { classification: 1 } }];
  expect(await post(JSON.stringify({ inputs, outputs: texts }))).toMatchObject({ status: 400 });
});

test('integers of 64 bits keep every digit in JSON, both ways', async () => {
  server?.close();
  await serve({ specs: [{ name: 'n', datatype: 'UINT64', shape: [-1] }] });
  const body =
    '{"inputs":[{"name":"n","shape":[2],"datatype":"UINT64","data":[18446744073709551615,9007199254740993]}]}';
  const answered = await fetch(`${origin}/v2/models/iris/infer`, { method: 'POST', body });
  expect(await answered.text()).toContain('"data":[18446744073709551615,9007199254740993]');
});

test('half precision goes through JSON as numbers and through bytes as bits', async () => {
  server?.close();
  await serve({ specs: [{ name: 'h', datatype: 'FP16', shape: [-1] }] });
  const h = { name: 'h', shape: [2], datatype: 'FP16', data: [0.5, 65_504] };
  expect((await post(JSON.stringify({ inputs: [h] }))).json.outputs).toMatchObject([{ data: [0.5, 65_504] }]);
  const bits = Buffer.from([0x00, 0x38, 0xff, 0x7b]);
  const asked = {
    inputs: [{ ...h, data: undefined, parameters: { binary_data_size: 4 } }],
    parameters: { binary_data_output: true },
  };
  expect((await postBinary(asked, [bits])).tail).toEqual(bits);
});

describe('compression', () => {
  const body = Buffer.from(JSON.stringify({ inputs }));
  const big = { inputs: [{ ...inputs[0], shape: [1000, 2], data: Array(2000).fill(1) }, inputs[1]] };

  test.each([
    { encoding: 'gzip', bytes: zlib.gzipSync(body) },
    { encoding: 'x-gzip', bytes: zlib.gzipSync(body) },
    { encoding: 'GZip', bytes: zlib.gzipSync(body) },
    { encoding: 'deflate', bytes: zlib.deflateSync(body) },
    { encoding: 'identity', bytes: body },
  ])('a request in $encoding is read', async ({ encoding, bytes }) => {
    expect(await post(bytes, { 'content-encoding': encoding })).toMatchObject({
      status: 200,
      json: { outputs: [{ data: [0.25, 0.75] }, {}] },
    });
  });

  test.each([
    { name: 'text that says it is gzip', encoding: 'gzip', bytes: body, status: 415, says: 'not gzip' },
    {
      name: 'gzip cut off',
      encoding: 'gzip',
      bytes: zlib.gzipSync(body).subarray(0, 40),
      status: 415,
      says: 'not gzip',
    },
    {
      name: 'gzip that says it is deflate',
      encoding: 'deflate',
      bytes: zlib.gzipSync(body),
      status: 415,
      says: 'not deflate',
    },
    {
      name: 'an encoding that is not known',
      encoding: 'br',
      bytes: zlib.brotliCompressSync(body),
      status: 415,
      says: '"br"; send gzip',
    },
    {
      name: 'two encodings',
      encoding: 'gzip, gzip',
      bytes: zlib.gzipSync(zlib.gzipSync(body)),
      status: 415,
      says: 'content-encoding',
    },
    { name: 'an empty body', encoding: 'gzip', bytes: Buffer.alloc(0), status: 415, says: 'not gzip' },
    {
      name: 'a megabyte and a byte of zeros',
      encoding: 'gzip',
      bytes: zlib.gzipSync(Buffer.alloc(MAX_BODY + 1)),
      status: 413,
      says: 'larger than 1000000 bytes',
    },
    {
      name: 'the same in deflate',
      encoding: 'deflate',
      bytes: zlib.deflateSync(Buffer.alloc(MAX_BODY + 1)),
      status: 413,
      says: 'larger',
    },
  ])('$name is refused', async ({ encoding, bytes, status, says }) => {
    const refused = await post(bytes, { 'content-encoding': encoding });
    expect(refused).toMatchObject({ status, json: { error: expect.stringContaining(says) } });
  });

  test.each([
    { accepts: 'gzip', gives: 'gzip' },
    { accepts: 'br, deflate', gives: 'deflate' },
    { accepts: 'gzip;q=0, deflate', gives: 'deflate' },
    { accepts: 'gzip;q=0.2, deflate;q=0.9', gives: 'deflate' },
    { accepts: '*', gives: 'gzip' },
    { accepts: 'identity', gives: null },
    { accepts: 'br', gives: null },
    { accepts: '*;q=0', gives: null },
    { accepts: ','.repeat(5000), gives: null },
  ])('a client that accepts $accepts gets $gives', async ({ accepts, gives }) => {
    const { status, headers, json } = await post(JSON.stringify(big), { 'accept-encoding': accepts });
    expect([status, headers.get('content-encoding'), json.outputs?.length]).toEqual([200, gives, 2]);
  });

  test('a small answer is not worth it', async () => {
    expect((await post(body, { 'accept-encoding': 'gzip' })).headers.get('content-encoding')).toBeNull();
  });

  test('a compressed answer of JSON and bytes is whole again', async () => {
    const asked = { ...big, parameters: { binary_data_output: true } };
    const { headers, tail } = await post(JSON.stringify(asked), { 'accept-encoding': 'gzip' });
    expect([headers.get('content-encoding'), headers.get('vary'), tail.byteLength]).toEqual([
      'gzip',
      'accept-encoding',
      8000 + 5,
    ]);
  });
});

test('an answer that is asked for as classes and bytes is texts as bytes', async () => {
  const outputs: { name: string; parameters: Record<string, unknown> }[] = [
    { name: 'x', parameters: { classification: 2, binary_data: true } },
  ];
  const { json, tail } = await post(JSON.stringify({ inputs, outputs }));
  expect(json.outputs).toEqual([
    { name: 'x', datatype: 'BYTES', shape: [1, 2], parameters: { binary_data_size: tail.byteLength } },
  ]);
  const want: Tensor['data'] = ['0.75:1:dog', '0.25:0:cat'];
  expect(tail.toString('latin1')).toContain(want[1]);
});
