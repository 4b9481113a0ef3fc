import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { residentBytes } from '../engine/process/process-usage.ts';
import { divideModel } from '../testdata/onnx-builder.ts';
import { RawConnection } from '../testdata/raw-http.ts';
import type { ServedModel } from '../testdata/serve-model.ts';
import { serveModel } from '../testdata/serve-model.ts';

// One real server for all that is done to it; slow clients are given up after twenty seconds.
jest.setTimeout(60_000);

const vector = (name: string, data: unknown[] = [1], more: object = {}) => ({
  name,
  shape: [data.length],
  datatype: 'FP32',
  data,
  ...more,
});
const GOOD = JSON.stringify({ inputs: [vector('a'), vector('b', [2])] });
const GOLDEN = JSON.stringify({
  examples: [{ request: JSON.parse(GOOD) as object, response: { outputs: [vector('q', [0.5])] } }],
});
const gzip = promisify(zlib.gzip);
const INFER = '/v2/models/m/infer';

let server: ServedModel;
let children: number[];
let slow: Record<'headers' | 'body' | 'silent', RawConnection>;
beforeAll(async () => {
  server = await serveModel({ 'model.onnx': divideModel(), 'golden.json': GOLDEN }, '--threads', '1');
  children = server.children();
  slow = { headers: connect(), body: connect(), silent: connect() };
  await slow.headers.write([`POST ${INFER} HTTP/1.1\r\nhost: x\r\nx-a: `]);
  await slow.body.write([`POST ${INFER} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{`]);
});
afterAll(() => server.stop());

const connect = () => new RawConnection(server.ports.http);

/** Nothing of the inside: no path, no process id, no place in the code. */
function expectDiscreet(body: string): void {
  expect(body).not.toMatch(/\/tmp\/|\/home\/|node_modules|node:|\.[jt]s\b|\n\s+at |errno|ENOENT/);
  for (const pid of [server.pid, ...children]) expect(body).not.toMatch(new RegExp(`\\b${pid}\\b`));
}

async function ask(path: string, init: RequestInit = {}) {
  const response = await fetch(server.origin + path, init);
  const body = await response.text();
  if (response.status >= 400) expectDiscreet(body);
  return { status: response.status, body };
}
const infer = (body: string | Buffer, headers: Record<string, string> = {}) =>
  ask(INFER, { method: 'POST', body, headers });

/** Whatever was done: the next good request is answered, by the same processes. */
afterEach(async () => {
  expect(await infer(GOOD)).toMatchObject({ status: 200, body: expect.stringContaining('0.5') });
  expect([server.children(), server.run.child.exitCode]).toEqual([children, null]);
});

const a = (more: object) => JSON.stringify({ inputs: [{ ...vector('a'), ...more }, vector('b')] });
const body = (more: object) => JSON.stringify({ inputs: [vector('a'), vector('b')], ...more });
const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);

test.each<{ name: string; body: string; says: string; status?: number }>([
  { name: 'nothing', body: '', says: 'not JSON' },
  { name: 'a number', body: '5', says: 'the body is 5' },
  { name: 'null', body: 'null', says: 'the body is null' },
  { name: 'inputs missing', body: '{}', says: 'inputs is missing; send a list' },
  { name: 'inputs of null', body: '{"inputs":null}', says: 'inputs is null' },
  { name: 'inputs as an object', body: '{"inputs":{}}', says: 'inputs is an object' },
  {
    name: 'an input missing',
    body: JSON.stringify({ inputs: [vector('a')] }),
    says: 'inputs lacks "b"; send every input',
  },
  {
    name: 'an input too many',
    body: JSON.stringify({ inputs: [vector('a'), vector('b'), vector('c')] }),
    says: 'inputs[2].name is "c"; the model takes "a", "b"',
  },
  {
    name: 'an input twice',
    body: JSON.stringify({ inputs: [vector('a'), vector('a'), vector('b')] }),
    says: 'inputs[1].name is "a" for the second time',
  },
  {
    name: '1,025 inputs',
    body: JSON.stringify({ inputs: Array(1025).fill(vector('a')) }),
    says: 'inputs has 1025 tensors; at most 1024',
  },
  { name: 'another type', body: a({ datatype: 'INT32' }), says: 'inputs[0].datatype is "INT32"; the model takes FP32' },
  { name: 'a type that is none', body: a({ datatype: 7 }), says: 'inputs[0].datatype is 7' },
  { name: 'bfloat16', body: a({ datatype: 'BF16' }), says: 'inputs[0].datatype is "BF16"' },
  { name: 'another rank', body: a({ shape: [1, 1] }), says: 'inputs[0].shape is [1, 1]; the model takes [-1]' },
  { name: 'rank 17', body: a({ shape: Array(17).fill(1) }), says: 'inputs[0].shape has 17 dimensions' },
  { name: 'a negative size', body: a({ shape: [-1] }), says: 'inputs[0].shape[0] is -1; send a size of 0 or more' },
  { name: 'a size in words', body: a({ shape: ['1'] }), says: 'inputs[0].shape[0] is "1"' },
  { name: 'a size of 2^53', body: a({ shape: [2 ** 53] }), says: 'inputs[0].shape[0] is 9007199254740992' },
  { name: 'a size of 2^40', body: a({ shape: [2 ** 40] }), says: 'more than a tensor may hold' },
  {
    name: 'too short',
    body: a({ shape: [3], data: [1, 2] }),
    says: 'inputs[0].data has 2 elements, but shape [3] needs 3',
  },
  { name: 'too long', body: a({ data: [1, 2] }), says: 'has 2 elements' },
  { name: 'nested wrongly', body: a({ data: [[[1]]] }), says: 'inputs[0].data' },
  { name: 'text for a number', body: a({ data: ['1'] }), says: 'inputs[0].data[0] is "1"' },
  { name: 'an object for a number', body: a({ data: [{}] }), says: 'inputs[0].data[0] is an object' },
  {
    name: 'a number that overflows',
    body: a({ data: [1e39] }),
    says: 'inputs[0].data[0] is 1e+39; it is too large for FP32',
  },
  { name: 'a number beyond all numbers', body: a({}).replace('"data":[1]', '"data":[1e999]'), says: 'too large' },
  {
    name: 'inputs that do not go together',
    body: JSON.stringify({ inputs: [vector('a', [1, 2]), vector('b', [1, 2, 3])] }),
    says: 'inputs do not suit the model',
  },
  {
    name: 'an output that is not there',
    body: body({ outputs: [{ name: 'z' }] }),
    says: 'outputs[0].name is "z"; the model gives "q"',
  },
  {
    name: 'an output twice',
    body: body({ outputs: [{ name: 'q' }, { name: 'q' }] }),
    says: 'outputs[1].name is "q" for the second time',
  },
  { name: 'outputs in words', body: body({ outputs: 'q' }), says: 'outputs is "q"' },
  { name: 'a number as id', body: body({ id: 1 }), says: 'id is 1; send a string' },
  { name: 'parameters as a list', body: body({ parameters: [] }), says: 'parameters is a list' },
  { name: 'parameters in parameters', body: body({ parameters: { a: {} } }), says: 'parameters.a is an object' },
  {
    name: '1,025 parameters',
    body: body({ parameters: Object.fromEntries(Array.from({ length: 1025 }, (_, at) => [at, 1])) }),
    says: 'parameters has 1025 entries',
  },
  { name: 'a timeout in words', body: body({ parameters: { timeout: 'soon' } }), says: 'parameters.timeout is "soon"' },
  { name: 'a hundred thousand levels', body: deep(100_000), says: 'list' },
  { name: 'a hundred thousand levels in data', body: a({}).replace('[1]}', `${deep(100_000)}}`), says: 'inputs[0]' },
  {
    name: 'a hundred thousand levels and a long integer',
    body: deep(100_000).replace('[]', '[12345678901234567890]'),
    says: '',
  },
  { name: 'a hundred thousand levels that do not end', body: '['.repeat(100_000), says: 'not JSON' },
  { name: 'a hundred thousand objects deep', body: '{"a":'.repeat(100_000), says: 'not JSON' },
  { name: 'NUL in a name', body: a({ name: 'a\0' }), says: 'inputs[0].name' },
  { name: 'NUL beside the JSON', body: `${GOOD}\0`, says: 'not JSON' },
  { name: 'half a surrogate pair in a name', body: a({}).replace('"a"', '"\\ud800"'), says: 'inputs[0].name' },
  { name: '__proto__ as a name', body: a({ name: '__proto__' }), says: 'inputs[0].name is "__proto__"' },
  { name: 'constructor as a name', body: a({ name: 'constructor' }), says: 'inputs[0].name is "constructor"' },
  { name: '__proto__ in the place of inputs', body: '{"__proto__":{"inputs":[]}}', says: 'inputs is missing' },
  { name: '__proto__ in the place of a type', body: a({ datatype: '__proto__' }), says: 'datatype is "__proto__"' },
  { name: 'a name of a megabyte', body: a({ name: 'a'.repeat(1_000_000) }), says: 'inputs[0].name is "aaaa' },
  { name: 'seven million objects', body: `{"inputs":[${'{},'.repeat(7_000_000)}{}]}`, says: 'objects', status: 413 },
  { name: 'thirty million lists', body: `{"inputs":[${'[],'.repeat(20_000_000)}[]]}`, says: 'lists', status: 413 },
  {
    name: 'two million keys',
    body: `{"inputs":[],"parameters":{${Array.from({ length: 2_000_000 }, (_, at) => `"${at}":1`).join()}}}`,
    says: '',
  },
])('$name is refused with field, value and remedy', async ({ body: text, says, status }) => {
  const refused = await infer(text);
  expect(refused).toMatchObject({
    status: status ?? 400,
    body: expect.stringContaining(JSON.stringify(says).slice(1, -1)),
  });
  expect(refused.body.length).toBeLessThan(1000);
});

describe('sizes and speeds', () => {
  test('200 MB announced are refused before they are sent', async () => {
    const connection = connect();
    await connection.write([`POST ${INFER} HTTP/1.1\r\nhost: x\r\ncontent-length: 200000000\r\n\r\n`]);
    const { answers } = await connection.untilClosed();
    expect(answers).toMatchObject([{ status: 413, body: expect.stringContaining('larger than 67108864 bytes') }]);
  });

  test('200 MB without a length are cut off at the cap', async () => {
    const connection = connect();
    const chunk = Buffer.from(`100000\r\n${' '.repeat(0x100000)}\r\n`);
    const head = `POST ${INFER} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n`;
    await connection.write(
      [head],
      Array.from({ length: 200 }, () => chunk),
    );
    const { answers, isClosed } = await connection.untilClosed();
    expect([answers.map(({ status }) => status).filter((status) => status !== 413), isClosed]).toEqual([[], true]);
  });

  test('three megabytes in chunks of six bytes are read', async () => {
    const connection = connect();
    const data = `${GOOD}${' '.repeat(3_000_000)}`;
    const chunks = (data.match(/.{1,6}/g) ?? []).map((piece) => `${piece.length}\r\n${piece}\r\n`);
    const blocks = Array.from({ length: 500 }, (_, at) => chunks.slice(at * 1001, (at + 1) * 1001).join(''));
    await connection.write([`POST ${INFER} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n`], blocks, [
      `${chunks.slice(500 * 1001).join('')}0\r\n\r\n`,
    ]);
    const { answers } = await connection.untilAnswered();
    expect(answers[0]?.status).toBe(200);
    connection.socket.destroy();
  });

  test.each([
    { name: '17 KiB in one header', headers: `x: ${'a'.repeat(17 * 1024)}\r\n` },
    { name: 'a million headers', headers: 'x: a\r\n'.repeat(1_000_000) },
    { name: 'a name of a megabyte', headers: `${'x'.repeat(1_000_000)}: a\r\n` },
  ])('$name ends the connection', async ({ headers }) => {
    const connection = connect();
    await connection.write([`GET /v2 HTTP/1.1\r\nhost: x\r\n`, headers, '\r\n']);
    const { answers } = await connection.untilClosed();
    expect(answers.map(({ status }) => status).filter((status) => status !== 431 && status !== 400)).toEqual([]);
  });

  test('an address of 100 kB ends the connection', async () => {
    const connection = connect();
    await connection.write([`GET /v2/models/${'a'.repeat(100_000)} HTTP/1.1\r\nhost: x\r\n\r\n`]);
    expect((await connection.untilClosed()).answers.map(({ status }) => status)).toEqual([431]);
  });

  test('a hundred requests sent at once are answered in their order', async () => {
    const connection = connect();
    const requests = Array.from({ length: 100 }, (_, at) => {
      const text = JSON.stringify({ id: String(at), inputs: [vector('a', [at]), vector('b')] });
      return `POST ${INFER} HTTP/1.1\r\nhost: x\r\ncontent-length: ${text.length}\r\n\r\n${text}`;
    });
    await connection.write([requests.join('')]);
    const { answers } = await connection.untilAnswered(100);
    const got = answers.map(({ status, body: text }) => [status, (JSON.parse(text) as { id: string }).id]);
    expect(got).toEqual(Array.from({ length: 100 }, (_, at) => [200, String(at)]));
    connection.socket.destroy();
  });

  test('bodies that fill the room for them are refused, and what they took comes back', async () => {
    const before = residentBytes(server.pid);
    const megabyte = Buffer.alloc(2 ** 20, 0x20);
    const head = `POST ${INFER} HTTP/1.1\r\nhost: x\r\ncontent-length: 67000000\r\n\r\n`;
    const connections = Array.from({ length: 6 }, connect);
    for (const each of connections) await each.write([head], Array<Buffer>(60).fill(megabyte));
    await Promise.race(connections.map((each) => each.untilClosed()));
    expect(residentBytes(server.pid) - before).toBeLessThan(450 * 2 ** 20);
    const answers = connections.flatMap((each) => each.exchange.answers);
    for (const { status, head: answer } of answers)
      expect([status, answer]).toEqual([503, expect.stringContaining('retry-after: 1')]);
    for (const { socket } of connections) socket.destroy();
  });

  test('ten gigabytes of zeros in ten megabytes of gzip are cut off at the cap', async () => {
    const before = residentBytes(server.pid);
    // Files of gzip one after another are one file: forty times 256 MiB.
    const member = await gzip(Buffer.alloc(2 ** 28), { level: 9 });
    const bomb = Buffer.concat(Array<Buffer>(40).fill(member));
    expect(await infer(bomb, { 'content-encoding': 'gzip' })).toMatchObject({
      status: 413,
      body: expect.stringContaining('larger than 67108864 bytes'),
    });
    expect(residentBytes(server.pid) - before).toBeLessThan(200 * 2 ** 20);
  });

  test('uploads that are broken off leave nothing behind', async () => {
    const connections = Array.from({ length: 50 }, connect);
    await Promise.all(
      connections.map((each) => each.write([`POST ${INFER} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{"inp`])),
    );
    for (const { socket } of connections) socket.resetAndDestroy();
    let text = '';
    do text = await (await fetch(`http://127.0.0.1:${server.ports.metrics}/metrics`)).text();
    while (!/^aimass_requests_in_flight\{[^}]*\} 1$/m.test(text));
  });
});

test.each<{ name: string; bytes: string }>([
  {
    name: 'a length and chunks',
    bytes: `POST ${INFER} HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /v2 HTTP/1.1\r\nhost: x\r\n\r\n`,
  },
  {
    name: 'two lengths',
    bytes: `POST ${INFER} HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ncontent-length: 40\r\n\r\n{}  `,
  },
  { name: 'a list of lengths', bytes: `POST ${INFER} HTTP/1.1\r\nhost: x\r\ncontent-length: 4, 4\r\n\r\n{}  ` },
  { name: 'a negative length', bytes: `POST ${INFER} HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n` },
  { name: 'a length with a sign', bytes: `POST ${INFER} HTTP/1.1\r\nhost: x\r\ncontent-length: +4\r\n\r\n{}  ` },
  {
    name: 'a length beyond 64 bits',
    bytes: `POST ${INFER} HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999999999999\r\n\r\n`,
  },
  {
    name: 'a folded header',
    bytes: `POST ${INFER} HTTP/1.1\r\nhost: x\r\nx-a: b\r\n content-length: 4\r\ntransfer-encoding\r\n : chunked\r\n\r\n`,
  },
  {
    name: 'a space before the colon',
    bytes: `POST ${INFER} HTTP/1.1\r\nhost: x\r\ntransfer-encoding : chunked\r\n\r\n0\r\n\r\n`,
  },
  {
    name: 'chunks of an unknown kind',
    bytes: `POST ${INFER} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n`,
  },
  {
    name: 'chunks that are not last',
    bytes: `POST ${INFER} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
  },
  {
    name: 'a chunk size that is no number',
    bytes: `POST ${INFER} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n`,
  },
  {
    name: 'a negative chunk size',
    bytes: `POST ${INFER} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n-1\r\n`,
  },
  {
    name: 'a chunk size beyond 64 bits',
    bytes: `POST ${INFER} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n`,
  },
  {
    name: 'a chunk longer than it says',
    bytes: `POST ${INFER} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n`,
  },
  {
    name: 'a bare line feed',
    bytes: `POST ${INFER} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n2\n{}\n0\n\n`,
  },
  { name: 'NUL in a header', bytes: `GET /v2 HTTP/1.1\r\nhost: x\r\nx-a: \0\r\n\r\n` },
  { name: 'NUL in the address', bytes: `GET /v2\0 HTTP/1.1\r\nhost: x\r\n\r\n` },
  { name: 'another protocol', bytes: 'SSH-2.0-OpenSSH_9.2\r\n' },
  { name: 'TLS', bytes: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' },
  { name: 'HTTP/2 with knowledge', bytes: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' },
  { name: 'HTTP/9.9', bytes: 'GET /v2 HTTP/9.9\r\nhost: x\r\n\r\n' },
  { name: 'a method that is none', bytes: 'BREW /v2 HTTP/1.1\r\nhost: x\r\n\r\n' },
])('$name: refused or hung up, and nothing is smuggled', async ({ bytes }) => {
  const connection = connect();
  await connection.write([Buffer.from(bytes, 'latin1')]);
  // What a proxy in front would have sent as the next request of somebody else.
  await connection.write(['GET /v2/health/live HTTP/1.1\r\nhost: x\r\n\r\n']);
  const { answers } = await connection.untilClosed();
  expect(answers.length).toBeLessThanOrEqual(1);
  for (const { status, body: text } of answers) {
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    expectDiscreet(text);
  }
});

test.each<{ name: string; bytes: string; status: number }>([
  { name: 'HTTP/1.0', bytes: 'GET /v2/health/live HTTP/1.0\r\n\r\n', status: 200 },
  { name: 'no host', bytes: 'GET /v2 HTTP/1.1\r\n\r\n', status: 400 },
  {
    name: 'an absolute address',
    bytes: 'GET http://evil.example/v2/health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
    status: 200,
  },
  {
    name: 'inference at an absolute address',
    bytes: `POST http://evil.example${INFER} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: ${GOOD.length}\r\n\r\n${GOOD}`,
    status: 200,
  },
  { name: 'OPTIONS', bytes: 'OPTIONS * HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', status: 404 },
  { name: 'TRACE', bytes: 'TRACE /v2 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', status: 405 },
  { name: 'CONNECT', bytes: 'CONNECT evil.example:80 HTTP/1.1\r\nhost: x\r\n\r\n', status: 0 },
  {
    name: 'an upgrade',
    bytes: 'GET /v2/health/live HTTP/1.1\r\nhost: x\r\nconnection: upgrade, close\r\nupgrade: websocket\r\n\r\n',
    status: 200,
  },
  {
    name: 'PUT',
    bytes: `PUT ${INFER} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`,
    status: 405,
  },
])('$name: $status', async ({ bytes, status }) => {
  const connection = connect();
  await connection.write([bytes]);
  const { answers } = await connection.untilClosed();
  expect(answers[0]?.status ?? 0).toBe(status);
});

test('HEAD is answered without a body', async () => {
  expect(await ask('/v2/health/live', { method: 'HEAD' })).toEqual({ status: 200, body: '' });
  expect(await ask(INFER, { method: 'HEAD' })).toEqual({ status: 405, body: '' });
});

const TRAVERSALS = [
  '..',
  '../..',
  '%2e%2e',
  '%2e%2e%2f%2e%2e%2fetc%2fpasswd',
  '..%2f..%2fetc%2fpasswd',
  '..%5c..%5cwindows',
  '%252e%252e%252f',
  '%00',
  'm%00',
  'm%2f..%2fm',
  '%ff',
  '%',
  '%c0%ae%c0%ae',
  '....//',
  ';/m',
  '~',
  '*',
  '?',
  '#',
  '%0d%0aset-cookie:a',
  'm/../m',
  '.',
  ' ',
  '%20',
  '%F0%9F%A6%8A',
  'a'.repeat(5000),
  '__proto__',
  'constructor',
  'toString',
];

test.each(TRAVERSALS)('%s as a name or version leads nowhere', async (name) => {
  const paths = (tail: string) => [
    `/v2/models/${name}${tail}`,
    `/v2/models/m/versions/${name}${tail}`,
    `/v2/repository/models/${name}/load`,
    `/v2/repository/models/${name}/unload`,
  ];
  const requests = ['', '/ready', '/config', '/stats', '/infer']
    .flatMap(paths)
    .flatMap((path) => [`GET ${path}`, `POST ${path}`]);
  const connection = connect();
  await connection.write(
    requests.map(
      (line) =>
        `${line.replaceAll(/[ #]/g, (found, at: number) => (at < 5 ? found : found === ' ' ? '\t' : found))} HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}`,
    ),
  );
  const { answers } = await connection.untilAnswered(requests.length);
  for (const { status, body: text, head } of answers) {
    if (status < 400) expect(text).toMatch(/"name":"(m|aimass)"|model_stats/);
    else expect(status).toBeLessThan(500);
    expect(head.toLowerCase()).not.toContain('set-cookie');
    expectDiscreet(text.replaceAll(name, ''));
  }
  connection.socket.destroy();
});

test('the server listens on the documented ports and nowhere else, and its models on none', () => {
  expect(listeningPorts(server.pid)).toEqual(Object.values(server.ports).toSorted((x, y) => x - y));
  for (const child of children) expect(listeningPorts(child)).toEqual([]);
});

/** The TCP ports that a process listens on, as the kernel knows them. */
function listeningPorts(pid: number): number[] {
  const inodes = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        return [];
      }
    }),
  );
  const lines = ['tcp', 'tcp6'].flatMap((kind) =>
    readFileSync(`/proc/${pid}/net/${kind}`, 'utf8').split('\n').slice(1),
  );
  const LISTENING = '0A';
  const ports = lines
    .map((line) => line.trim().split(/\s+/))
    .flatMap(([, local = '', , state, , , , , , inode = '']) =>
      state === LISTENING && inodes.has(inode) ? [Number.parseInt(local.split(':')[1] ?? '', 16)] : [],
    );
  return ports.toSorted((x, y) => x - y);
}

test('clients that never finish their headers are given up, and those that wait with a body hold up nobody', async () => {
  const { answers } = await slow.headers.untilClosed();
  expect(answers.map(({ status }) => status)).toEqual([408]);
  await slow.silent.untilClosed();
  expect(slow.body.exchange).toEqual({ answers: [], isClosed: false });
  slow.body.socket.destroy();
});
