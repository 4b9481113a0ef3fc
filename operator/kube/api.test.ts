import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent } from 'undici';
import { systemClock } from '../loop/clock.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import { Api, type ApiCall, type ApiDeps } from './api.ts';
import { ApiError } from './api-errors.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const call: ApiCall = { verb: 'get', resource: 'pods', method: 'GET', path: '/x' };

describe('Api', () => {
  let server: Server;
  let handler: Handler;
  let metrics: Metrics;
  let seen: string[];
  let invalidated: number;
  const dispatcher = new Agent();

  beforeEach(async () => {
    seen = [];
    invalidated = 0;
    metrics = createMetrics('test');
    server = createServer((request, response) => {
      seen.push(`${request.method} ${request.url}`);
      handler(request, response);
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const api = (options: Partial<ApiDeps> = {}): Api =>
    new Api({
      connection: {
        server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        credentials: () => Promise.resolve({ headers: { authorization: 'Bearer t' }, dispatcher }),
        invalidate: () => (invalidated += 1),
        close: () => Promise.resolve(),
      },
      clock: systemClock,
      metrics,
      random: () => 0,
      userAgent: 'agent/1',
      ...options,
    });
  const answer =
    (code: number, body: object | string = {}, headers: Record<string, string> = {}): Handler =>
    (_request, response) => {
      response.writeHead(code, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
    };
  const failure = async (request: Promise<unknown>): Promise<unknown> => request.catch((error: unknown) => error);

  test('a request carries credentials, agent, query and body', async () => {
    let headers = {};
    handler = (request, response) => {
      ({ headers } = request);
      answer(200, { ok: true })(request, response);
    };
    const body = { a: 1 };
    const query = { force: true, limit: 5, continue: undefined, labelSelector: 'a=b,c' };
    expect(await api().request({ ...call, method: 'PATCH', query, body, contentType: 'application/x' })).toEqual({
      ok: true,
    });
    expect(seen).toEqual(['PATCH /x?force=true&limit=5&labelSelector=a%3Db%2Cc']);
    expect(headers).toMatchObject({
      authorization: 'Bearer t',
      'user-agent': 'agent/1',
      'content-type': 'application/x',
    });
  });

  test('a text is taken as it is', async () => {
    handler = answer(200, 'one\ntwo\n');
    expect(await api().text(call)).toBe('one\ntwo\n');
    handler = answer(404, { reason: 'NotFound', message: 'pods "a" not found' });
    expect(await failure(api().text(call))).toMatchObject({ code: 404, reason: 'NotFound' });
  });

  test.each([
    {
      name: 'a Status',
      body: { reason: 'Conflict', message: 'changed' },
      want: { code: 409, reason: 'Conflict', detail: 'changed' },
    },
    { name: 'plain text', body: '404 page not found\n', want: { code: 409, reason: '', detail: '404 page not found' } },
    { name: 'null', body: 'null', want: { code: 409, detail: 'null' } },
  ])('an error whose body is $name says what is known', async ({ body, want }) => {
    handler = answer(409, body);
    expect(await failure(api().request(call))).toMatchObject(want);
  });

  test('429 is tried again a few times, then given up', async () => {
    handler = answer(429, {}, { 'retry-after': '0' });
    expect(await failure(api().request(call))).toBeInstanceOf(ApiError);
    expect(seen).toHaveLength(4);
    expect((await metrics.apiThrottled.get()).values[0]?.value).toBe(3);
  });

  test.each([
    { name: '500', code: 500, headers: {} },
    { name: '503 without Retry-After', code: 503, headers: {} },
    { name: 'a Retry-After that is too long to wait inside a request', code: 429, headers: { 'retry-after': '600' } },
  ])('$name is left to the queue', async ({ code, headers }) => {
    handler = answer(code, {}, headers);
    expect(await failure(api().request(call))).toMatchObject({ code });
    expect(seen).toHaveLength(1);
  });

  test('after a 429 the other requests wait too, but not the urgent ones', async () => {
    let isFirst = true;
    handler = (request, response) => {
      answer(isFirst ? 429 : 200, {}, { 'retry-after': '1' })(request, response);
      isFirst = false;
    };
    const subject = api();
    const first = subject.request(call);
    while (seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const second = subject.request({ ...call, path: '/second' });
    await subject.request({ ...call, path: '/urgent', urgent: true });
    expect(seen).toEqual(['GET /x', 'GET /urgent']);
    await Promise.all([first, second]);
    expect(seen).toHaveLength(4);
  });

  test('no more requests run at once than allowed', async () => {
    let now = 0;
    let most = 0;
    handler = (_request, response) => {
      most = Math.max(most, (now += 1));
      setTimeout(() => {
        now -= 1;
        response.end('{}');
      }, 5);
    };
    const subject = api({ maxInFlight: 3 });
    await Promise.all(Array.from({ length: 20 }, () => subject.request(call)));
    expect(most).toBe(3);
  });

  test.each([
    { name: 'no answer', handle: (): void => undefined },
    {
      name: 'half an answer',
      handle: (_: IncomingMessage, response: ServerResponse): void => void response.write('{"a":'),
    },
  ])('$name ends in time', async ({ handle }) => {
    handler = handle;
    expect(await failure(api({ timeoutMs: 50 }).request(call))).toMatchObject({
      message: 'GET /x: no answer within 50 ms',
    });
    expect((await metrics.apiRequests.get()).values).toMatchObject([
      { labels: { verb: 'get', resource: 'pods', code: 'error' } },
    ]);
  });

  test('401 makes the credentials be read again', async () => {
    handler = answer(401);
    await failure(api().request(call));
    expect(invalidated).toBe(1);
  });

  test('who does not lead does not write, but reads, and may fight for the lead', async () => {
    handler = answer(200);
    const subject = api({ mayWrite: () => false });
    expect(await failure(subject.request({ ...call, method: 'PATCH' }))).toMatchObject({
      message: expect.stringContaining('does not lead'),
    });
    await subject.request(call);
    await subject.request({ ...call, method: 'PUT', urgent: true });
    expect(seen).toEqual(['GET /x', 'PUT /x']);
  });
});
