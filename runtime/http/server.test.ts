import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { on, once } from 'node:events';
import type { Server } from 'node:http';
import net from 'node:net';
import type { Registry } from 'prom-client';
import { EngineError } from '../engine/engine.ts';
import { parseGolden } from '../protocol/golden.ts';
import type { Tensor } from '../protocol/tensor.ts';
import type { DataPlane } from '../serving/data-plane.ts';
import type { HostedModel } from '../serving/hosted-model.ts';
import { createEchoPlane } from '../testdata/echo-plane.ts';
import { createMetricsServer, createV2Server, drainServer, listen } from './server.ts';

const MAX_BODY = 100_000;
const EXTENSIONS = ['binary_tensor_data', 'classification', 'model_configuration', 'statistics'];
const specs = [
  { name: 'x', datatype: 'FP32' as const, shape: [-1, 2] },
  { name: 'n', datatype: 'INT64' as const, shape: [-1] },
];
const inputs = [
  { name: 'x', datatype: 'FP32', shape: [1, 2], data: [1, 2] },
  { name: 'n', datatype: 'INT64', shape: [1], data: [3] },
];
const golden = parseGolden(JSON.stringify({ examples: [{ request: { inputs }, response: { outputs: inputs } }] }));

let answer: ((inputs: readonly Tensor[]) => Promise<Tensor[]>) | undefined;
let runs: number;
let failures: unknown[];
let plane: DataPlane;
let registry: Registry;
let model: HostedModel;
let server: Server;
let origin: string;

beforeEach(async () => {
  answer = undefined;
  runs = 0;
  failures = [];
  ({ plane, registry, model } = createEchoPlane({
    specs,
    golden,
    answer: async (given) => {
      runs += 1;
      return answer ? answer(given) : [...given];
    },
  }));
  server = createV2Server({
    plane,
    revision: 'r1',
    maxBodyBytes: MAX_BODY,
    onFailure: (error) => failures.push(error),
  });
  origin = `http://127.0.0.1:${await listen(server, 0)}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const get = async (path: string, init?: RequestInit) => {
  const response = await fetch(`${origin}${path}`, init);
  return { status: response.status, body: (await response.json()) as unknown, headers: response.headers };
};
const infer = (body: unknown, path = '/v2/models/iris/infer') =>
  get(path, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) });

test('while the model loads the server is alive and not ready', async () => {
  expect((await get('/v2/health/live')).body).toEqual({ live: true });
  expect(await get('/v2/models/iris/ready')).toMatchObject({
    status: 503,
    body: { error: expect.stringContaining('loaded') },
  });
  expect((await infer({ inputs })).status).toBe(503);
});

describe('with a model', () => {
  beforeEach(async () => {
    await model.load();
    runs = 0;
  });

  test('server, model and version are described', async () => {
    expect((await get('/v2')).body).toEqual({ name: 'aimass', version: '9.9', extensions: EXTENSIONS });
    const metadata = {
      name: 'iris',
      versions: ['1'],
      platform: 'onnx_onnxv1',
      inputs: specs,
      outputs: specs,
      parameters: { revision: 'r1', task: 'custom' },
    };
    expect((await get('/v2/models/iris')).body).toEqual(metadata);
    expect((await get('/v2/models/iris/versions/1')).body).toEqual(metadata);
    expect((await get('/v2/models/iris/versions/1/ready')).body).toEqual({ name: 'iris', ready: true });
    expect((await get('/v2/health/ready')).status).toBe(200);
  });

  test('an answer carries id, parameters and outputs, and says which revision gave it', async () => {
    const answered = await infer({ id: '7', parameters: { a: 1 }, inputs, outputs: [{ name: 'n' }] });
    expect(answered.status).toBe(200);
    expect(answered.headers.get('aimass-revision')).toBe('r1');
    expect(answered.body).toEqual({
      model_name: 'iris',
      model_version: '1',
      id: '7',
      parameters: { a: 1 },
      outputs: [{ name: 'n', datatype: 'INT64', shape: [1], data: [3] }],
    });
    expect((await infer({ inputs }, '/v2/models/iris/versions/1/infer?trace=1')).status).toBe(200);
  });

  test.each([
    { name: 'not JSON', body: '{', status: 400, says: 'not JSON' },
    { name: 'not UTF-8', body: Buffer.from([0x22, 0xff, 0x22]), status: 400, says: 'UTF-8' },
    { name: 'a missing input', body: JSON.stringify({ inputs: inputs.slice(1) }), status: 400, says: 'lacks "x"' },
    { name: 'too large', body: ' '.repeat(MAX_BODY + 1), status: 413, says: 'larger than 100000 bytes' },
    { name: '50,000 levels', body: '['.repeat(50_000), status: 400, says: 'JSON' },
    { name: 'another model', body: '{}', status: 404, says: 'no model "wine"', path: '/v2/models/wine/infer' },
    {
      name: 'another version',
      body: '{}',
      status: 404,
      says: 'no version "2"',
      path: '/v2/models/iris/versions/2/infer',
    },
    {
      name: 'a name with a path in it',
      body: '{}',
      status: 404,
      says: 'no model',
      path: '/v2/models/..%2f..%2fetc/infer',
    },
    { name: 'a name that cannot be decoded', body: '{}', status: 404, says: 'no model', path: '/v2/models/%ff/infer' },
  ])('a request that is $name gets $status, and the next one is answered', async ({ body, status, says, path }) => {
    const refused = await get(path ?? '/v2/models/iris/infer', { method: 'POST', body });
    expect(refused).toMatchObject({ status, body: { error: expect.stringContaining(says) } });
    expect((await infer({ inputs })).status).toBe(200);
    expect(failures).toEqual([]);
  });

  test.each([
    ['GET', '/v2/models/iris/infer', 405],
    ['DELETE', '/v2/models/iris', 405],
    ['GET', '/v2/models/wine', 404],
    ['GET', '/metrics', 404],
    ['GET', '/v2/models/%ff', 400],
    ['POST', '/v2/repository/index', 403],
  ])('%s %s is %i with an error in words', async (method, path, status) => {
    expect(await get(path, { method })).toMatchObject({ status, body: { error: expect.any(String) } });
  });

  test('a body without a length is cut off at the cap', async () => {
    const { port } = new URL(origin);
    const socket = net.connect(Number(port), '127.0.0.1');
    socket.write('POST /v2/models/iris/infer HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n');
    for (let chunk = 0; chunk < 30; chunk += 1) socket.write(`2000\r\n${'x'.repeat(0x2000)}\r\n`);
    const [reply] = (await once(socket, 'data')) as [Buffer];
    expect(reply.toString()).toMatch(/^HTTP\/1\.1 413 /);
    socket.destroy();
    expect((await infer({ inputs })).status).toBe(200);
  });

  test('a client that leaves in the middle of its request leaves nothing behind', async () => {
    const socket = net.connect(Number(new URL(origin).port), '127.0.0.1');
    const received = once(server, 'request');
    socket.write('POST /v2/models/iris/infer HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf');
    const [, response] = (await received) as [unknown, NodeJS.EventEmitter];
    const closed = once(response, 'close');
    socket.destroy();
    await closed;
    expect(await registry.metrics()).toContain('aimass_requests_total{model="iris",version="1",code="499"} 1');
    expect(await registry.metrics()).toContain('aimass_requests_in_flight{model="iris",version="1"} 0');
  });

  test('NaN in an output is refused with the name of the output', async () => {
    answer = async (given) =>
      given.map((tensor) => (tensor.name === 'x' ? { ...tensor, data: Float32Array.of(NaN, 1) } : tensor));
    expect(await infer({ inputs })).toMatchObject({
      status: 422,
      body: { error: expect.stringContaining('"x" has NaN at element 0') },
    });
  });

  test('a failure of the engine says nothing of the inside, and the log gets its cause', async () => {
    answer = async () => {
      throw new TypeError('cannot open /secret/path');
    };
    const answered = await infer({ inputs });
    expect(answered.status).toBe(500);
    expect(JSON.stringify(answered.body)).not.toContain('secret');
    expect(failures).toHaveLength(1);
    answer = async () => {
      throw new EngineError('invalidInput', 'index out of range');
    };
    expect(await infer({ inputs })).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining('index out of range') },
    });
  });

  test('a model that begins to answer wrongly is not ready at the next probe, and ready again once it is right', async () => {
    const ready = async () => (await get('/v2/models/iris/ready')).status;
    expect(await ready()).toBe(200);
    answer = async (given) =>
      given.map((tensor) => (tensor.name === 'n' ? { ...tensor, data: BigInt64Array.of(4n) } : tensor));
    expect(await get('/v2/models/iris/ready')).toMatchObject({
      status: 503,
      body: { error: expect.stringContaining('output "n" is 4 at element 0, want 3') },
    });
    answer = undefined;
    expect(await ready()).toBe(200);
  });

  test('probes at the same time share one run of the model', async () => {
    const gate = Promise.withResolvers<void>();
    answer = async (given) => {
      await gate.promise;
      return [...given];
    };
    const arrivals = on(server, 'request');
    const probes = Array.from({ length: 5 }, () => get('/v2/models/iris/ready'));
    for (let arrived = 0; arrived < probes.length; arrived += 1) await arrivals.next();
    gate.resolve();
    expect((await Promise.all(probes)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(runs).toBe(1);
  });

  test('with a token, metrics are for those who have it; probes need none', async () => {
    const metricsServer = createMetricsServer(registry, 'secret');
    const at = `http://127.0.0.1:${await listen(metricsServer, 0)}`;
    const status = async (path: string, authorization?: string) =>
      (await fetch(`${at}${path}`, { headers: authorization === undefined ? {} : { authorization } })).status;
    expect(await status('/metrics')).toBe(401);
    expect(await status('/metrics', 'Bearer wrong')).toBe(401);
    expect(await status('/metrics', 'Bearer secret')).toBe(200);
    expect(await status('/healthz')).toBe(200);
    metricsServer.closeAllConnections();
    metricsServer.close();
  });

  test('requests are counted, timed and seen in flight', async () => {
    await infer({ inputs });
    await infer('{');
    const metricsServer = createMetricsServer(registry);
    const port = await listen(metricsServer, 0);
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(text).toContain('aimass_requests_total{model="iris",version="1",code="200"} 1');
    expect(text).toContain('aimass_requests_total{model="iris",version="1",code="400"} 1');
    expect(text).toContain('aimass_request_duration_seconds_count{model="iris",version="1"} 2');
    expect(text).toContain('process_resident_memory_bytes');
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
    expect((await fetch(`http://127.0.0.1:${port}/v2`)).status).toBe(404);
    metricsServer.closeAllConnections();
    metricsServer.close();
  });

  test('draining: not ready at once, requests still answered, those in flight finished before the server closes', async () => {
    const gate = Promise.withResolvers<void>();
    const running = Promise.withResolvers<void>();
    answer = async (given) => {
      running.resolve();
      await gate.promise;
      return [...given];
    };
    const slow = infer({ inputs });
    await running.promise;
    const drained = drainServer(server, plane, { noticeMs: 200, totalMs: 10_000 });
    answer = undefined;
    expect((await get('/v2/models/iris/ready')).status).toBe(503);
    const late = infer({ inputs });
    const closing = once(server, 'close');
    while (server.listening) await new Promise(setImmediate);
    gate.resolve();
    expect((await slow).status).toBe(200);
    const { status, headers } = await late;
    expect([status, headers.get('connection')]).toEqual([200, 'close']);
    await drained;
    await closing;
    await expect(infer({ inputs })).rejects.toThrow();
  });

  test('a request that never ends does not keep a draining server beyond its time', async () => {
    const running = Promise.withResolvers<void>();
    answer = () => {
      running.resolve();
      return new Promise(() => {});
    };
    const endless = infer({ inputs }).catch(() => 'cut off');
    await running.promise;
    await drainServer(server, plane, { noticeMs: 10, totalMs: 100 });
    expect(await endless).toBe('cut off');
  });
});
