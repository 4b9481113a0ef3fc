import type { StatusObject } from '@grpc/grpc-js';
import { compressionAlgorithms, credentials, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http2 from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiError } from '../errors.ts';
import { makeCertificate } from '../testdata/certificate.ts';
import type { Outcome } from './context.ts';
import { codec } from './messages.ts';
import type { GrpcServer, GrpcServerOptions } from './server.ts';
import { createGrpcServer } from './server.ts';
import { TestClient } from './testdata/client.ts';
import { MemoryPlane } from './testdata/memory-plane.ts';

let plane: MemoryPlane;
let server: GrpcServer;
let client: TestClient;
let port: number;
let outcomes: Outcome[];
let failures: unknown[];

const floats = (...values: number[]) => Buffer.from(new Float32Array(values).buffer);
const request = (more: object = {}) => ({
  model_name: 'echo',
  id: '7',
  inputs: [{ name: 'x', datatype: 'FP32', shape: [2] }],
  raw_input_contents: [floats(1, -2)],
  ...more,
});

async function start(options: Partial<GrpcServerOptions> = {}, clientOptions: object = {}): Promise<void> {
  await stop();
  plane = new MemoryPlane();
  outcomes = [];
  failures = [];
  server = createGrpcServer({
    plane,
    maxMessageBytes: 2 ** 20,
    onOutcome: (outcome) => outcomes.push(outcome),
    onFailure: (error) => failures.push(error),
    ...options,
  });
  port = await server.listen(0, '127.0.0.1');
  client = new TestClient(port, clientOptions);
}
async function stop(): Promise<void> {
  client?.close();
  await server?.close();
}
beforeEach(() => start());
afterEach(stop);

/** Waits until something is so; each turn of the loop lets the server work. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}

const statusOf = (stream: { once: (event: 'status', listener: (got: StatusObject) => void) => unknown }) =>
  new Promise<StatusObject>((resolve) => {
    stream.once('status', resolve);
  });

describe('the server and its models', () => {
  test('live, ready and metadata', async () => {
    expect((await client.call('ServerLive')).message.live).toBe(true);
    expect((await client.call('ServerReady')).message.ready).toBe(true);
    expect((await client.call('ModelReady', { name: 'echo', version: '1' })).message.ready).toBe(true);
    expect((await client.call('ServerMetadata')).message).toMatchObject({ name: 'memory', version: '1.2.3' });
    const { message } = await client.call('ModelMetadata', { name: 'echo' });
    expect(message.toJSON()).toEqual({
      name: 'echo',
      versions: ['1', '2'],
      platform: 'onnx_onnxv1',
      inputs: [{ name: 'x', datatype: 'FP32', shape: ['-1', '4'] }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: ['-1', '4'] }],
      properties: { revision: 'r1' },
    });
  });

  test('not ready is an answer, not an error', async () => {
    plane.isReady = false;
    expect((await client.call('ServerReady')).message.ready).toBe(false);
    expect((await client.call('ModelReady', { name: 'echo' })).message.ready).toBe(false);
    expect((await client.call('ModelReady', { name: 'nosuch' })).message.ready).toBe(false);
    expect((await client.call('ServerLive')).message.live).toBe(true);
  });

  test('unknown models and versions are named', async () => {
    expect((await client.call('ModelMetadata', { name: 'nosuch' })).error).toMatchObject({
      code: status.NOT_FOUND,
      details: 'There is no model "nosuch".',
    });
    expect((await client.call('ModelConfig', { name: 'echo', version: '9' })).error?.code).toBe(status.NOT_FOUND);
  });

  test('config and statistics as Triton has them', async () => {
    const { message } = await client.call('ModelConfig', { name: 'echo' });
    expect(message.toJSON().config).toEqual({
      name: 'echo',
      platform: 'onnxruntime_onnx',
      backend: 'onnxruntime',
      max_batch_size: 8,
      version_policy: { latest: { num_versions: 1 } },
      input: [{ name: 'x', data_type: 'TYPE_FP32', dims: ['-1', '4'] }],
      output: [{ name: 'y', data_type: 'TYPE_FP32', dims: ['-1', '4'] }],
      instance_group: [{ name: 'echo_0', kind: 'KIND_CPU', count: 2 }],
      dynamic_batching: { preferred_batch_size: [4, 8], max_queue_delay_microseconds: '100' },
    });
    for (const name of ['', 'echo']) {
      const [stats] = (await client.call('ModelStatistics', { name })).message.toJSON().model_stats;
      expect(stats).toMatchObject({
        name: 'echo',
        inference_count: '7',
        inference_stats: { queue: { ns: `${2 ** 40}` } },
      });
    }
  });

  test('the repository, with the name where Triton or KServe puts it', async () => {
    expect((await client.call('RepositoryIndex')).message.models).toHaveLength(2);
    expect((await client.call('RepositoryIndex', { ready: true })).message.models).toHaveLength(1);
    expect((await client.call('RepositoryModelLoad', { model_name: 'echo' })).message.isLoaded).toBe(true);
    await client.call('RepositoryModelLoad', { repository_name: 'echo' });
    await client.call('RepositoryModelUnload', {
      model_name: 'echo',
      parameters: { unload_dependents: { bool_param: false } },
    });
    expect(plane.managed).toEqual(['load echo', 'load echo', 'unload echo']);
    const config = { config: { string_param: '{}' } };
    expect((await client.call('RepositoryModelLoad', { model_name: 'echo', parameters: config })).error).toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringContaining('parameters.config is not taken'),
    });
  });

  test('management asks for permission', async () => {
    await start({
      authorize: (authorization) => {
        if (authorization !== 'Bearer secret') throw new ApiError('Unauthenticated', 'Send the token.');
      },
    });
    for (const name of ['RepositoryIndex', 'RepositoryModelLoad', 'RepositoryModelUnload']) {
      expect((await client.call(name, { model_name: 'echo' })).error?.code).toBe(status.UNAUTHENTICATED);
    }
    expect(plane.managed).toEqual([]);
    const metadata = { authorization: 'Bearer secret' };
    expect((await client.call('RepositoryModelLoad', { model_name: 'echo' }, { metadata })).error).toBeUndefined();
  });
});

describe('inference', () => {
  test('raw contents get raw contents, with id and parameters', async () => {
    const parameters = { priority: { int64_param: '1' }, big: { int64_param: '9007199254740993' } };
    const { message } = await client.call('ModelInfer', request({ parameters, model_version: '1' }));
    expect(message.toJSON()).toEqual({
      model_name: 'echo',
      model_version: '1',
      id: '7',
      parameters,
      outputs: [{ name: 'x', datatype: 'FP32', shape: ['2'] }],
      raw_output_contents: [floats(1, -2).toString('base64')],
    });
    expect(plane.seen[0]?.request.parameters).toEqual({ priority: 1, big: 9007199254740993n });
    expect(plane.seen[0]?.call.client).toBe('127.0.0.1');
  });

  test.each([
    { datatype: 'BOOL', field: 'bool_contents', values: [true, false] },
    { datatype: 'INT8', field: 'int_contents', values: [-128, 127] },
    { datatype: 'INT16', field: 'int_contents', values: [-32_768, 32_767] },
    { datatype: 'INT32', field: 'int_contents', values: [-(2 ** 31), 2 ** 31 - 1] },
    { datatype: 'INT64', field: 'int64_contents', values: ['-9223372036854775808', '9007199254740993'] },
    { datatype: 'UINT8', field: 'uint_contents', values: [0, 255] },
    { datatype: 'UINT16', field: 'uint_contents', values: [0, 65_535] },
    { datatype: 'UINT32', field: 'uint_contents', values: [0, 2 ** 32 - 1] },
    { datatype: 'UINT64', field: 'uint64_contents', values: ['0', '18446744073709551615'] },
    { datatype: 'FP32', field: 'fp32_contents', values: ['NaN', '-Infinity'] },
    { datatype: 'FP64', field: 'fp64_contents', values: [1e300, 'Infinity'] },
    { datatype: 'BYTES', field: 'bytes_contents', values: ['', Buffer.from('größe').toString('base64')] },
  ])('typed contents get typed contents: $datatype', async ({ datatype, field, values }) => {
    const contents = { [field]: values.map((value) => (datatype.startsWith('FP') ? Number(value) : value)) };
    const inputs = [{ name: 'x', datatype, shape: [2], contents }];
    const { message, error } = await client.call('ModelInfer', { model_name: 'echo', inputs });
    expect(error).toBeUndefined();
    expect(message.toJSON().outputs).toEqual([{ name: 'x', datatype, shape: ['2'], contents: { [field]: values } }]);
    expect(message.raw_output_contents).toEqual([]);
  });

  test.each([
    { name: 'FP16', bytes: Buffer.from('007c00c2', 'hex'), shape: [2] },
    { name: 'BYTES', bytes: Buffer.from('0000000002000000c3bc', 'hex'), shape: [2] },
    { name: 'BOOL', bytes: Buffer.from('0100', 'hex'), shape: [2] },
    { name: 'INT64', bytes: Buffer.from('ffffffffffffff7f', 'hex'), shape: [1] },
    { name: 'FP32', bytes: Buffer.alloc(0), shape: [0, 3] },
  ])('raw bytes come back as they went: $name', async ({ name, bytes, shape }) => {
    const inputs = [{ name: 'x', datatype: name, shape }];
    const { message } = await client.call('ModelInfer', { model_name: 'echo', inputs, raw_input_contents: [bytes] });
    expect(message.raw_output_contents).toEqual([bytes]);
  });

  test.each([
    {
      name: 'FP16 in typed contents',
      inputs: [{ name: 'x', datatype: 'FP16', shape: [1], contents: { fp32_contents: [1] } }],
      want: 'cannot carry FP16',
    },
    {
      name: 'BF16',
      inputs: [{ name: 'x', datatype: 'BF16', shape: [1], contents: { fp32_contents: [1] } }],
      want: 'BF16',
    },
    {
      name: 'a field that does not suit',
      inputs: [{ name: 'x', datatype: 'FP64', shape: [1], contents: { fp32_contents: [1] } }],
      want: 'fp64_contents',
    },
    {
      name: 'too few elements',
      inputs: [{ name: 'x', datatype: 'FP64', shape: [2], contents: { fp64_contents: [1] } }],
      want: 'has 1 elements',
    },
    { name: 'no elements at all', inputs: [{ name: 'x', datatype: 'FP64', shape: [2] }], want: 'has 0 elements' },
  ])('$name: refused by name', async ({ inputs, want }) => {
    const { error } = await client.call('ModelInfer', { model_name: 'echo', inputs });
    expect(error?.code).toBe(status.INVALID_ARGUMENT);
    expect(error?.details).toContain('inputs[0]');
    expect(error?.details).toContain(want);
  });

  test('a request without a name means the only model', async () => {
    expect((await client.call('ModelInfer', request({ model_name: '' }))).message.model_name).toBe('echo');
  });

  test('failures: the status of the table, a message in any language, a hint when to come again', async () => {
    plane.failure = new ApiError('QueueFull', 'Zu viele: größer als 100 %\nspäter.');
    const { error } = await client.call('ModelInfer', request());
    expect(error).toMatchObject({ code: status.RESOURCE_EXHAUSTED, details: 'Zu viele: größer als 100 %\nspäter.' });
    expect(error?.metadata.get('grpc-retry-pushback-ms')).toEqual(['1000']);
    expect(outcomes).toMatchObject([{ method: 'ModelInfer', model: 'echo', grpcStatus: status.RESOURCE_EXHAUSTED }]);
  });

  test('unexpected failures say nothing of the inside', async () => {
    plane.failure = new Error('/secret/path');
    const { error } = await client.call('ModelInfer', request());
    expect(error).toMatchObject({ code: status.INTERNAL, details: expect.not.stringContaining('secret') });
    expect(failures).toEqual([plane.failure]);
  });

  test('answers carry headers about the model', async () => {
    await start({ headersFor: (model) => ({ 'aimass-revision': `${model}-r7` }) });
    expect((await client.call('ModelInfer', request())).headers.get('aimass-revision')).toEqual(['echo-r7']);
  });

  test.each([compressionAlgorithms.gzip, compressionAlgorithms.deflate])(
    'compression %i both ways',
    async (algorithm) => {
      await start({}, { 'grpc.default_compression_algorithm': algorithm });
      const raw = Buffer.alloc(400_000);
      const { message, error } = await client.call(
        'ModelInfer',
        request({ inputs: [{ name: 'x', datatype: 'FP32', shape: [100_000] }], raw_input_contents: [raw] }),
      );
      expect(error).toBeUndefined();
      expect(message.raw_output_contents).toEqual([raw]);
    },
  );

  test('a message is measured after it was uncompressed', async () => {
    await start({}, { 'grpc.default_compression_algorithm': compressionAlgorithms.gzip });
    const bomb = request({ raw_input_contents: [Buffer.alloc(5_000_000)] });
    expect((await client.call('ModelInfer', bomb)).error).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: expect.stringContaining('at most 1048576 are taken'),
    });
    expect((await client.call('ServerLive')).message.live).toBe(true);
  });

  test('a message that is too large is refused, and the connection lives on', async () => {
    const { error } = await client.call('ModelInfer', request({ raw_input_contents: [Buffer.alloc(3_000_000)] }));
    expect(error).toMatchObject({ code: status.RESOURCE_EXHAUSTED, details: expect.stringContaining('1048576') });
    expect((await client.call('ServerLive')).message.live).toBe(true);
  });

  test('a large answer and a large request pass', async () => {
    await start({ maxMessageBytes: 64 * 2 ** 20 }, { 'grpc.max_receive_message_length': -1 });
    const raw = Buffer.alloc(40 * 2 ** 20, 3);
    const inputs = [{ name: 'x', datatype: 'UINT8', shape: [raw.length] }];
    const { message, error } = await client.call('ModelInfer', request({ inputs, raw_input_contents: [raw] }));
    expect(error).toBeUndefined();
    expect(raw.equals(message.raw_output_contents[0])).toBe(true);
  });

  test('the deadline of the client reaches the plane', async () => {
    let open = () => {};
    plane.gate = new Promise((resolve) => (open = resolve));
    const { error } = await client.call('ModelInfer', request(), { deadline: Date.now() + 100 });
    expect(error?.code).toBe(status.DEADLINE_EXCEEDED);
    const call = plane.seen[0]?.call;
    expect(call?.deadlineAt).toBeLessThan(performance.now() + 100);
    await until(() => call?.isCancelled === true);
    open();
  });

  test.each(['cancels', 'leaves'])('a client that %s cancels its request', async (how) => {
    let open = () => {};
    plane.gate = new Promise((resolve) => (open = resolve));
    const session = http2.connect(`http://127.0.0.1:${port}`);
    session.on('error', () => {});
    const headers = {
      ':path': '/inference.GRPCInferenceService/ModelInfer',
      ':method': 'POST',
      'content-type': 'application/grpc',
    };
    const stream = session.request(headers);
    stream.on('error', () => {});
    stream.end(codec('inference.ModelInferRequest').frame({ model_name: 'echo' }));
    await until(() => plane.seen.length === 1);
    if (how === 'cancels') stream.close(http2.constants.NGHTTP2_CANCEL);
    else session.destroy();
    await until(() => plane.seen[0]?.call.isCancelled === true);
    expect(outcomes).toMatchObject([{ method: 'ModelInfer', model: 'echo', grpcStatus: status.CANCELLED }]);
    open();
    session.destroy();
  });
});

describe('streams', () => {
  test('answers come in the order of the requests, each with its id; a failure is told in its answer', async () => {
    const stream = client.stream('ModelStreamInfer');
    const got: string[] = [];
    stream.on('data', ({ error_message: error, infer_response: answer }) => got.push(`${answer.id} ${error}`));
    for (let index = 0; index < 200; index += 1)
      stream.write(request({ id: String(index), ...(index === 50 && { model_name: 'nosuch' }) }));
    stream.end();
    const end = await statusOf(stream);
    expect(end.code).toBe(status.OK);
    expect(got).toEqual(
      Array.from({ length: 200 }, (_, index) => `${index} ${index === 50 ? 'There is no model "nosuch".' : ''}`),
    );
    expect(outcomes).toHaveLength(200);
  });

  test('only so many requests of one stream are taken at a time', async () => {
    let open = () => {};
    plane.gate = new Promise((resolve) => (open = resolve));
    const stream = client.stream('ModelStreamInfer');
    const ended = statusOf(stream);
    let answers = 0;
    stream.on('data', () => (answers += 1));
    for (let index = 0; index < 500; index += 1) stream.write(request());
    stream.end();
    await until(() => plane.seen.length === 64);
    await client.call('ServerLive');
    expect(plane.seen).toHaveLength(64);
    plane.gate = undefined;
    open();
    await ended;
    expect(answers).toBe(500);
  });

  test('a stream that is cancelled cancels what it asked for', async () => {
    plane.gate = new Promise(() => {});
    const stream = client.stream('ModelStreamInfer');
    stream.on('error', () => {});
    stream.write(request());
    stream.write(request());
    await until(() => plane.seen.length === 2);
    stream.cancel();
    await until(() => plane.seen.every(({ call }) => call.isCancelled));
  });

  test('compressed streams keep their order', async () => {
    await start({}, { 'grpc.default_compression_algorithm': compressionAlgorithms.gzip });
    const stream = client.stream('ModelStreamInfer');
    const got: string[] = [];
    stream.on('data', ({ infer_response: answer }) => got.push(answer.id));
    for (let index = 0; index < 50; index += 1) {
      const size = index % 2 === 0 ? 1 : 50_000;
      const inputs = [{ name: 'x', datatype: 'UINT8', shape: [size] }];
      stream.write(request({ id: String(index), inputs, raw_input_contents: [Buffer.alloc(size)] }));
    }
    stream.end();
    const end = await statusOf(stream);
    expect(end).toMatchObject({ code: status.OK });
    expect(got).toEqual(Array.from({ length: 50 }, (_, index) => String(index)));
  });
});

describe('health, reflection and what is not offered', () => {
  test('health of the server and of a model', async () => {
    const check = (service: string) => client.call('grpc.health.v1.Health/Check', { service });
    expect((await check('')).message.status).toBe(1);
    expect((await check('echo')).message.status).toBe(1);
    plane.isReady = false;
    expect((await check('')).message.status).toBe(2);
    expect((await check('nosuch')).error?.code).toBe(status.NOT_FOUND);
  });

  test('reflection lists the services and hands out their files', async () => {
    const stream = client.stream('grpc.reflection.v1.ServerReflection/ServerReflectionInfo');
    const got: any[] = []; // oxlint-disable-line typescript/no-explicit-any -- looked at below
    stream.on('data', (message) => got.push(message.toJSON()));
    stream.write({ list_services: '' });
    stream.write({ file_containing_symbol: 'inference.GRPCInferenceService.ModelInfer' });
    stream.write({ file_by_filename: 'nosuch.proto' });
    stream.end();
    await statusOf(stream);
    expect(got[0].list_services_response.service[0].name).toBe('inference.GRPCInferenceService');
    expect(got[1].file_descriptor_response.file_descriptor_proto).toHaveLength(1);
    expect(got[2].error_response.error_code).toBe(status.NOT_FOUND);
  });
});

describe('shutting down', () => {
  test('finishes what is in flight, and takes no new connections', async () => {
    let open = () => {};
    plane.gate = new Promise((resolve) => (open = resolve));
    const answer = client.call('ModelInfer', request());
    const stream = client.stream('ModelStreamInfer');
    const answers: unknown[] = [];
    stream.on('error', () => {});
    stream.on('data', (message) => answers.push(message));
    stream.write(request());
    await until(() => plane.seen.length === 2);
    const drained = server.drain(10_000);
    const ended = statusOf(stream);
    open();
    expect((await answer).error).toBeUndefined();
    expect(await ended).toMatchObject({ code: status.UNAVAILABLE });
    expect(answers).toHaveLength(1);
    await drained;
    const late = new TestClient(port);
    expect((await late.call('ServerLive')).error?.code).toBe(status.UNAVAILABLE);
    late.close();
  });

  test('watchers of health are told', async () => {
    const { path, serialize, deserialize } = (await import('./testdata/client.ts')).serializers(
      'Watch',
      'grpc.health.v1.Health',
    );
    const watch = client.client.makeServerStreamRequest(path, serialize, deserialize, { service: '' });
    watch.on('error', () => {});
    const seen: number[] = [];
    watch.on('data', (message) => seen.push((message as unknown as { status: number }).status));
    const ended = statusOf(watch);
    await until(() => seen.length === 1);
    await server.drain(1000);
    expect((await ended).code).toBe(status.UNAVAILABLE);
    expect(seen).toEqual([1, 2]);
  });

  test('ends what does not finish in time', async () => {
    plane.gate = new Promise(() => {});
    const answer = client.call('ModelInfer', request());
    await until(() => plane.seen.length === 1);
    await server.drain(50);
    expect((await answer).error?.code).toBe(status.UNAVAILABLE);
  });
});

test('TLS', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'grpc-tls-'));
  const { keyFile, caFile } = makeCertificate(directory);
  const cert = readFileSync(caFile);
  await start({ tls: { cert, key: readFileSync(keyFile) } });
  rmSync(directory, { recursive: true });
  const secure = new TestClient(port, {}, credentials.createSsl(cert));
  expect((await secure.call('ModelInfer', request())).error).toBeUndefined();
  secure.close();
  expect((await client.call('ServerLive', {}, { deadline: Date.now() + 2000 })).error).toBeDefined();
});
