import { afterEach, describe, expect, test } from '@jest/globals';
import { createHmac, randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { AsyncJob } from '../serving/async-job.ts';
import type { TestServer } from '../testdata/https-server.ts';
import { startHttpsServer } from '../testdata/https-server.ts';
import { parseWebhookHost } from '../webhook-host.ts';
import { WebhookHosts } from './webhook-hosts.ts';
import { parseWebhookSecret, signWebhook } from './webhook-signature.ts';
import type { WebhooksOptions } from './webhook.ts';
import { Webhooks } from './webhook.ts';

const hostsOf = (...list: string[]) =>
  new WebhookHosts(
    list.map((entry) => {
      const host = parseWebhookHost(entry);
      if (host === undefined) throw new Error(`no host: ${entry}`);
      return host;
    }),
  );

describe('where a webhook may go', () => {
  test.each<[string[], string]>([
    [['hooks.example.com'], 'https://hooks.example.com/x?y=1'],
    [['hooks.example.com'], 'https://HOOKS.example.com:8443/'],
    [['hooks.example.com:8443'], 'https://hooks.example.com:8443/'],
    [['*.example.com'], 'https://a.b.example.com/'],
    [['*'], 'https://anything.example/'],
    [['http://hooks.example.com'], 'http://hooks.example.com/'],
    [['10.1.2.3'], 'https://10.1.2.3/'],
    [['[fd00::1]:444'], 'https://[fd00::1]:444/'],
    [['127.0.0.1'], 'https://127.1/'],
  ])('%j lets %s through', (list, url) => expect(hostsOf(...list).check(url).href).toBe(new URL(url).href));

  test.each<{ name: string; list: string[]; url: string; says: string }>([
    { name: 'none listed', list: [], url: 'https://hooks.example.com/', says: 'webhooks are off' },
    { name: 'another host', list: ['hooks.example.com'], url: 'https://example.com/', says: 'not listed' },
    { name: 'a name that ends alike', list: ['*.example.com'], url: 'https://badexample.com/', says: 'not listed' },
    { name: 'the domain itself', list: ['*.example.com'], url: 'https://example.com/', says: 'not listed' },
    {
      name: 'another port',
      list: ['hooks.example.com:443'],
      url: 'https://hooks.example.com:8443/',
      says: 'not listed',
    },
    {
      name: 'plain http',
      list: ['hooks.example.com'],
      url: 'http://hooks.example.com/',
      says: 'is http; send an https URL',
    },
    { name: 'another scheme', list: ['*'], url: 'ftp://hooks.example.com/', says: 'send an https URL' },
    { name: 'no URL', list: ['*'], url: 'hooks', says: 'send an https URL' },
    { name: 'a very long one', list: ['*'], url: `https://a.example/${'x'.repeat(3000)}`, says: 'send an https URL' },
    { name: 'a user', list: ['*'], url: 'https://user:secret@a.example/', says: 'holds a user or a password' },
    { name: 'loopback', list: ['*'], url: 'https://127.0.0.1/', says: 'private or metadata-service' },
    {
      name: 'loopback in another way of writing',
      list: ['*'],
      url: 'https://2130706433/',
      says: 'private or metadata-service',
    },
    { name: 'a private address', list: ['*'], url: 'https://10.0.0.1/', says: 'private or metadata-service' },
    {
      name: 'a private address in IPv6 clothes',
      list: ['*'],
      url: 'https://[::ffff:10.0.0.1]/',
      says: 'private or metadata-service',
    },
    {
      name: 'the metadata service',
      list: ['*'],
      url: 'https://169.254.169.254/latest',
      says: 'private or metadata-service',
    },
    {
      name: 'the metadata service over http',
      list: ['http://*'],
      url: 'http://169.254.169.254/latest',
      says: 'private or metadata-service',
    },
  ])('$name is refused', ({ list, url, says }) => {
    expect(() => hostsOf(...list).check(url)).toThrow(says);
    expect(() => hostsOf(...list).check(url)).not.toThrow('secret@');
  });
});

test.each(['', 'a b', 'https://', 'host:port', 'host/path', 'user@host', '*.*', 'ftp://a', '10.0.0.0/8'])(
  '%j is no entry of the list',
  (entry) => expect(parseWebhookHost(entry)).toBeUndefined(),
);

test('the signature is that of Standard Webhooks', () => {
  // The example of the specification's reference libraries.
  const secret = parseWebhookSecret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n') as Buffer;
  const signed = signWebhook(Buffer.from('{"test": 2432232314}'), {
    id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    secret,
    nowMs: 1_614_265_330_999,
  });
  expect(signed).toEqual({
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
});

test.each(['', 'whsec_', 'whsec_c2hvcnQ=', 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'whsec_not*base64'])(
  '%j is no secret',
  (given) => expect(parseWebhookSecret(given)).toBeUndefined(),
);

describe('deliveries', () => {
  const secret = Buffer.alloc(32, 7);
  let receiver: TestServer | undefined;
  afterEach(async () => {
    await receiver?.stop();
    receiver = undefined;
  });

  interface Received {
    request: IncomingMessage;
    body: string;
  }

  async function receive(answer: (response: ServerResponse, count: number) => void): Promise<Received[]> {
    const received: Received[] = [];
    const listener: RequestListener = (request, response) => {
      void text(request).then((body) => {
        received.push({ request, body });
        answer(response, received.length);
      });
    };
    receiver = await startHttpsServer(listener);
    return received;
  }

  const create = (options: Partial<WebhooksOptions> = {}) =>
    new Webhooks({
      hosts: hostsOf('127.0.0.1'),
      secret,
      caFile: receiver?.caFile,
      pausesMs: [1, 1],
      ...options,
    });
  const jobOf = (answer: string | undefined, url = `${receiver?.origin}/hook`): AsyncJob => ({
    id: randomUUID(),
    target: { name: 'm' },
    createdAt: 0,
    finishedAt: 1000,
    expiresAt: 2000,
    status: 'succeeded',
    webhook: new URL(url),
    key: undefined,
    order: undefined,
    bytes: 0,
    wasFetched: false,
    ...(answer !== undefined && {
      answer: { headers: { 'content-type': 'application/json' }, body: [Buffer.from(answer)] },
    }),
  });

  async function deliver(webhooks: Webhooks, job: AsyncJob) {
    webhooks.notify(job);
    await webhooks.drain(20_000);
    return job.webhookState;
  }

  test('a job that has ended is told, signed, with every digit of its answer', async () => {
    const received = await receive((response) => response.end());
    const job = jobOf('{"outputs":[18446744073709551615]}');
    expect(await deliver(create(), job)).toEqual({ status: 'delivered', attempts: 1 });
    const { request, body } = received[0] as Received;
    expect(body).toContain('"result":{"outputs":[18446744073709551615]}}}');
    expect(JSON.parse(body)).toMatchObject({
      type: 'job.succeeded',
      timestamp: '1970-01-01T00:00:01.000Z',
      data: { id: job.id, status: 'succeeded', model_name: 'm' },
    });
    const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = request.headers;
    expect(id).toBe(`msg_${job.id}`);
    const expected = createHmac('sha256', secret)
      .update(`${String(id)}.${String(at)}.${body}`)
      .digest('base64');
    expect(signature).toBe(`v1,${expected}`);
  });

  test('a long answer is left to be fetched', async () => {
    const received = await receive((response) => response.end());
    await deliver(create(), jobOf(`"${'x'.repeat(2 ** 20)}"`));
    expect(JSON.parse(received[0]?.body ?? '')).not.toHaveProperty('data.result');
  });

  test('a receiver that fails at first is tried again under the same id', async () => {
    const received = await receive((response, count) => response.writeHead(count < 3 ? 503 : 204).end());
    const webhooks = create();
    expect(await deliver(webhooks, jobOf('{}'))).toEqual({ status: 'delivered', attempts: 3 });
    expect(new Set(received.map(({ request }) => request.headers['webhook-id'])).size).toBe(1);
    expect(webhooks.figures).toEqual({ delivered: 1, failed: 0 });
  });

  test('tries have an end', async () => {
    const received = await receive((response) => response.writeHead(500).end());
    const webhooks = create();
    const state = await deliver(webhooks, jobOf('{}'));
    expect(state).toMatchObject({ status: 'failed', attempts: 3, error: expect.stringContaining('answered 500') });
    expect([received.length, webhooks.figures]).toEqual([3, { delivered: 0, failed: 1 }]);
  });

  test('a receiver that is gone is not asked again', async () => {
    const received = await receive((response) => response.writeHead(410).end());
    expect(await deliver(create(), jobOf('{}'))).toMatchObject({ status: 'failed', attempts: 1 });
    expect(received).toHaveLength(1);
  });

  test('a redirect is not followed', async () => {
    const received = await receive((response) => response.writeHead(307, { location: '/other' }).end());
    expect(await deliver(create({ pausesMs: [] }), jobOf('{}'))).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('answered 307'),
    });
    expect(received.map(({ request }) => request.url)).toEqual(['/hook']);
  });

  test('a receiver that hangs is given up', async () => {
    await receive(() => {});
    expect(await deliver(create({ pausesMs: [], attemptMs: 50 }), jobOf('{}'))).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('did not answer in time'),
    });
  });

  test('draining cuts short what hangs and what waits to be tried again', async () => {
    await receive((response, count) => (count === 1 ? response.writeHead(500).end() : undefined));
    const webhooks = create({ pausesMs: [60_000], attemptMs: 60_000 });
    const [first, second] = [jobOf('{}'), jobOf('{}')];
    webhooks.notify(first);
    webhooks.notify(second);
    await webhooks.drain(50);
    expect([first.webhookState?.status, second.webhookState?.status]).toEqual(['failed', 'failed']);
  });

  test('a host of a pattern whose address is private is not spoken to', async () => {
    const received = await receive((response) => response.end());
    const { port } = new URL(receiver?.origin ?? '');
    const webhooks = create({ hosts: hostsOf('*'), pausesMs: [] });
    const state = await deliver(webhooks, jobOf('{}', `https://localhost:${port}/`));
    expect(state).toMatchObject({ status: 'failed', error: expect.stringContaining('not allowed') });
    expect(received).toEqual([]);
  });

  test('a certificate that nobody vouches for is refused', async () => {
    const received = await receive((response) => response.end());
    expect(await deliver(create({ caFile: undefined, pausesMs: [] }), jobOf('{}'))).toMatchObject({ status: 'failed' });
    expect(received).toEqual([]);
  });

  test('without a webhook nobody is told', () => {
    const job = { ...jobOf('{}', 'https://127.0.0.1:1/'), webhook: undefined };
    create().notify(job);
    expect(job.webhookState).toBeUndefined();
  });
});
