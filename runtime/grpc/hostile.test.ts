import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ClientHttp2Session, IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';
import http2 from 'node:http2';
import net from 'node:net';
import zlib from 'node:zlib';
import type { GrpcServer, GrpcServerOptions } from './server.ts';
import { createGrpcServer } from './server.ts';
import { codec } from './messages.ts';
import { MemoryPlane } from './testdata/memory-plane.ts';

const INFER = '/inference.GRPCInferenceService/ModelInfer';
const LIVE = '/inference.GRPCInferenceService/ServerLive';
const HEAD = { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' };

let plane: MemoryPlane;
let server: GrpcServer;
let port: number;
let failures: unknown[];
let session: ClientHttp2Session;

async function start(options: Partial<GrpcServerOptions> = {}): Promise<void> {
  await stop();
  plane = new MemoryPlane();
  failures = [];
  const onFailure = (error: unknown) => failures.push(error);
  server = createGrpcServer({ plane, maxMessageBytes: 2 ** 20, onFailure, ...options });
  port = await server.listen(0, '127.0.0.1');
  session = connect();
}
async function stop(): Promise<void> {
  session?.destroy();
  await server?.close();
}
beforeEach(() => start());
afterEach(async () => {
  // Whatever was sent, the server answers the next client and had no failure of its own.
  const after = connect();
  const live = Buffer.from([0, 0, 0, 0, 0]);
  expect((await send({ ':path': LIVE }, [live], after)).status).toBe('0');
  after.destroy();
  expect(failures).toEqual([]);
  await stop();
});

function connect(): ClientHttp2Session {
  const connection = http2.connect(`http://127.0.0.1:${port}`);
  connection.on('error', () => {});
  return connection;
}

interface Got {
  headers: IncomingHttpHeaders;
  status: string | undefined;
  message: string;
  body: Buffer;
  code: number;
}

/** Sends pieces of a body in their order, each in a turn of its own, and gives what comes back. */
function send(headers: OutgoingHttpHeaders, pieces: Buffer[], by = session): Promise<Got> {
  return new Promise((resolve) => {
    const stream = by.request({ ...HEAD, ...headers });
    let got: IncomingHttpHeaders = {};
    const body: Buffer[] = [];
    stream.on('error', () => {});
    stream.on('response', (head) => (got = { ...got, ...head }));
    stream.on('trailers', (trailers) => (got = { ...got, ...trailers }));
    stream.on('data', (chunk: Buffer) => body.push(chunk));
    stream.on('close', () =>
      resolve({
        headers: got,
        status: got['grpc-status'] as string | undefined,
        message: decodeURIComponent((got['grpc-message'] as string | undefined) ?? ''),
        body: Buffer.concat(body),
        code: stream.rstCode,
      }),
    );
    void writeAll(stream, pieces);
  });
}

async function writeAll(stream: NodeJS.WritableStream, pieces: Buffer[]): Promise<void> {
  for (const piece of pieces) {
    stream.write(piece);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  stream.end();
}

const infer = (more: object = {}) =>
  codec('inference.ModelInferRequest').frame({
    model_name: 'echo',
    inputs: [{ name: 'x', datatype: 'UINT8', shape: [1] }],
    raw_input_contents: [Buffer.alloc(1)],
    ...more,
  });
const framed = (body: Buffer, flag = 0, length = body.length) => {
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, body]);
};

describe('requests that are no gRPC', () => {
  test.each([
    { name: 'another content type', headers: { 'content-type': 'application/json' }, want: 415 },
    { name: 'gRPC for browsers', headers: { 'content-type': 'application/grpc-web' }, want: 415 },
    { name: 'gRPC with JSON', headers: { 'content-type': 'application/grpc+json' }, want: 415 },
    { name: 'another method', headers: { ':method': 'GET' }, want: 405 },
    { name: 'gRPC with protobuf by name', headers: { 'content-type': 'application/grpc+proto' }, want: 200 },
    {
      name: 'a content type with parameters',
      headers: { 'content-type': 'application/grpc; charset=utf-8' },
      want: 200,
    },
  ])('$name: $want', async ({ headers, want }) => {
    expect((await send({ ':path': LIVE, ...headers }, [framed(Buffer.alloc(0))])).headers[':status']).toBe(want);
  });

  test.each([
    '/',
    '/x',
    '/inference.GRPCInferenceService/',
    '/inference.GRPCInferenceService/NoSuch',
    `${INFER}/`,
    '/../x',
  ])('path %s: unimplemented', async (path) => {
    expect(await send({ ':path': path }, [infer()])).toMatchObject({
      status: '12',
      message: expect.stringContaining(path),
    });
  });

  test.each(['SystemSharedMemoryRegister', 'CudaSharedMemoryStatus', 'TraceSetting', 'LogSettings'])(
    '%s: not offered, in a sentence',
    async (name) => {
      const got = await send({ ':path': `/inference.GRPCInferenceService/${name}` }, [framed(Buffer.alloc(0))]);
      expect(got).toMatchObject({ status: '12', message: expect.stringContaining(`${name} is not offered`) });
    },
  );
});

describe('bodies', () => {
  test.each([
    { name: 'no message', pieces: [], status: '12', message: 'has no message' },
    { name: 'two messages', pieces: [infer(), infer()], status: '12', message: 'more than one message' },
    { name: 'half a prefix', pieces: [Buffer.alloc(3)], status: '13', message: 'ends in the middle' },
    { name: 'half a message', pieces: [infer().subarray(0, 20)], status: '13', message: 'ends in the middle' },
    {
      name: 'a wrong first byte',
      pieces: [framed(Buffer.alloc(3), 7)],
      status: '13',
      message: 'first byte of a message is 7',
    },
    {
      name: 'a lying length',
      pieces: [framed(Buffer.alloc(3), 0, 2 ** 32 - 1)],
      status: '8',
      message: 'at most 1048576',
    },
    {
      name: 'no protobuf',
      pieces: [framed(Buffer.alloc(64, 0xff))],
      status: '3',
      message: 'not a valid inference.ModelInferRequest',
    },
    {
      name: 'compressed without saying how',
      pieces: [framed(Buffer.alloc(3), 1)],
      status: '13',
      message: 'grpc-encoding',
    },
    {
      name: 'a truncated field',
      pieces: [framed(Buffer.from('3aff7f01', 'hex'))],
      status: '3',
      message: 'not a valid',
    },
    {
      name: 'a field of 2^31 bytes',
      pieces: [framed(Buffer.from('3affffffff07', 'hex'))],
      status: '3',
      message: 'not a valid',
    },
    {
      name: '2,000 groups in each other',
      pieces: [framed(Buffer.alloc(2000, 0x7b))],
      status: '3',
      message: 'not a valid',
    },
    {
      name: 'text that is not UTF-8',
      pieces: [framed(Buffer.from('0a02c328', 'hex'))],
      status: '3',
      message: 'not a valid',
    },
  ])('$name: status $status', async ({ pieces, status, message }) => {
    expect(await send({ ':path': INFER }, pieces)).toMatchObject({ status, message: expect.stringContaining(message) });
  });

  test('byte by byte, with the end long after', async () => {
    const pieces = Array.from(infer(), (byte) => Buffer.from([byte]));
    expect((await send({ ':path': INFER }, [...pieces, Buffer.alloc(0), Buffer.alloc(0)])).status).toBe('0');
  });

  test('a message of 400 kB in 6-byte pieces', async () => {
    const raw = Buffer.alloc(400_000, 5);
    const message = infer({
      inputs: [{ name: 'x', datatype: 'UINT8', shape: [raw.length] }],
      raw_input_contents: [raw],
    });
    const stream = session.request({ ...HEAD, ':path': INFER });
    const answer: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => answer.push(chunk));
    for (let at = 0; at < message.length; at += 6) stream.write(message.subarray(at, at + 6));
    stream.end();
    await new Promise((resolve) => {
      stream.on('close', resolve);
    });
    expect(Buffer.concat(answer).includes(raw)).toBe(true);
  });
});

describe('compression', () => {
  const packed = (bytes: Buffer) => framed(zlib.gzipSync(bytes), 1);

  test('answers are compressed as the request was, when the client takes that', async () => {
    const raw = Buffer.alloc(5000);
    const plain = infer({
      inputs: [{ name: 'x', datatype: 'UINT8', shape: [5000] }],
      raw_input_contents: [raw],
    }).subarray(5);
    const headers = { ':path': INFER, 'grpc-encoding': 'gzip' };
    const taken = await send({ ...headers, 'grpc-accept-encoding': 'identity, gzip' }, [packed(plain)]);
    expect(taken).toMatchObject({ status: '0', headers: { 'grpc-encoding': 'gzip' } });
    expect(taken.body[0]).toBe(1);
    expect(zlib.gunzipSync(taken.body.subarray(5)).includes(raw)).toBe(true);
    const notTaken = await send(headers, [packed(plain)]);
    expect([notTaken.status, notTaken.body[0]]).toEqual(['0', 0]);
  });

  test('an unknown one is refused with those that are known', async () => {
    expect(await send({ ':path': INFER, 'grpc-encoding': 'br' }, [infer()])).toMatchObject({
      status: '12',
      headers: { 'grpc-accept-encoding': 'identity,gzip,deflate' },
      message: expect.stringContaining('"br"'),
    });
  });

  test('bombs are not inflated beyond what is taken', async () => {
    const bomb = packed(Buffer.alloc(50_000_000));
    const before = process.memoryUsage().arrayBuffers;
    const all = await Promise.all(
      Array.from({ length: 20 }, () => send({ ':path': INFER, 'grpc-encoding': 'gzip' }, [bomb])),
    );
    expect(all.every(({ status, message }) => status === '8' && message.includes('1048576'))).toBe(true);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100_000_000);
  });

  test('garbage is refused', async () => {
    const got = await send({ ':path': INFER, 'grpc-encoding': 'gzip' }, [framed(Buffer.alloc(30, 9), 1)]);
    expect(got).toMatchObject({ status: '3', message: expect.stringContaining('not valid gzip') });
  });
});

describe('connections', () => {
  const isGone = (connection: ClientHttp2Session) =>
    new Promise((resolve) => {
      if (connection.destroyed) resolve(true);
      else connection.on('close', () => resolve(true));
    });

  test('headers that are too many or too large are refused', async () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`x-${index}`, 'v']));
    expect((await send({ ':path': LIVE, ...many }, [])).code).not.toBe(0);
    expect((await send({ ':path': LIVE, 'x-large': 'v'.repeat(60_000) }, [])).code).not.toBe(0);
  });

  test('rapid resets end the connection', async () => {
    const gone = isGone(session);
    for (let index = 0; index < 3000 && !session.destroyed && !session.closed; index += 1) {
      const stream = session.request({ ...HEAD, ':path': INFER });
      stream.on('error', () => {});
      stream.close(http2.constants.NGHTTP2_CANCEL);
      if (index % 100 === 0)
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
    }
    expect(await gone).toBe(true);
  });

  test.each([
    { name: 'pings', frame: '0000080600000000000102030405060708' },
    { name: 'settings', frame: '000000040000000000' },
  ])('a flood of $name ends the connection', async ({ frame }) => {
    const socket = net.connect(port, '127.0.0.1');
    const gone = new Promise((resolve) => {
      socket.on('close', resolve);
    });
    socket.on('error', () => {});
    socket.resume();
    socket.write(Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1'));
    socket.write(Buffer.from('000000040000000000', 'hex'));
    for (let index = 0; index < 50 && !socket.destroyed; index += 1) {
      socket.write(Buffer.from(frame.repeat(100), 'hex'));
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    await gone;
  });

  test.each([
    { name: 'HTTP/1', bytes: 'GET / HTTP/1.1\r\nhost: x\r\n\r\n' },
    { name: 'garbage', bytes: 'x'.repeat(1000) },
    { name: 'a frame of 16 MiB', bytes: `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${'\xff'.repeat(100)}` },
  ])('$name is hung up on', async ({ bytes }) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(Buffer.from(bytes, 'latin1'));
    socket.resume();
    await new Promise((resolve) => {
      socket.on('close', resolve);
    });
  });

  test('idle ones are closed, also those that never said anything', async () => {
    await start({ limits: { idleMs: 20, lookEveryMs: 10 } });
    const silent = net.connect(port, '127.0.0.1');
    silent.on('error', () => {});
    silent.resume();
    const closed = new Promise((resolve) => {
      silent.on('close', resolve);
    });
    expect(await isGone(session)).toBe(true);
    await closed;
  });

  test('a request that does not come whole in time is refused', async () => {
    await start({ limits: { clientTurnMs: 20, lookEveryMs: 10 } });
    const got = await new Promise<IncomingHttpHeaders>((resolve) => {
      const stream = session.request({ ...HEAD, ':path': INFER });
      stream.on('error', () => {});
      stream.on('response', resolve);
      stream.write(infer().subarray(0, 8));
    });
    expect(got['grpc-status']).toBe('4');
  });

  test('requests beyond the room for bytes are told to come again', async () => {
    await start({ maxHeldBytes: 1000 });
    plane.gate = new Promise(() => {});
    const raw = Buffer.alloc(600);
    const message = infer({ inputs: [{ name: 'x', datatype: 'UINT8', shape: [600] }], raw_input_contents: [raw] });
    const first = session.request({ ...HEAD, ':path': INFER });
    first.on('error', () => {});
    first.end(message);
    while (plane.seen.length === 0)
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    expect(await send({ ':path': INFER }, [message])).toMatchObject({
      status: '8',
      headers: { 'grpc-retry-pushback-ms': '1000' },
    });
    first.close(http2.constants.NGHTTP2_CANCEL);
  });
});
