import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { SuggestRequest } from '../../../decide/training-job/search/suggest-exchange.ts';
import { createSuggest } from './suggest-client.ts';
import { SearchWorld } from './testing.ts';

const request: SuggestRequest = { search: new SearchWorld().job.spec.search, trials: [], count: 1 };
const ANSWER = { suggestions: [{ parameters: { x: 3, name: 'a', deep: true } }], prune: [], exhausted: false };

let server: Server;
let reply: { status: number; body: string } | 'nothing';
let seen: { path: string | undefined; body: unknown }[];
let url: string;
let now: number;

beforeEach(async () => {
  seen = [];
  now = 1_000_000;
  reply = { status: 200, body: JSON.stringify(ANSWER) };
  server = createServer((incoming, response) => {
    let text = '';
    incoming.on('data', (piece: Buffer) => (text += piece.toString()));
    incoming.on('end', () => {
      seen.push({ path: incoming.url, body: JSON.parse(text) });
      if (reply !== 'nothing') response.writeHead(reply.status).end(reply.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const problem = (reason: string, message: string) => JSON.stringify({ error: { reason, message } });
const client = (timeoutMs = 5000) => createSuggest({ url, now: () => now, timeoutMs });

describe('the suggest client', () => {
  test('asks, and gives the answer', async () => {
    expect(await client()('a', request)).toEqual({ kind: 'answer', answer: ANSWER });
    expect(seen).toEqual([{ path: '/v1/suggest', body: request }]);
  });

  test('a path in the URL is kept', async () => {
    url += '/suggest/';
    await client()('a', request);
    expect(seen[0]?.path).toBe('/suggest/v1/suggest');
  });

  test('asks the same question once', async () => {
    const suggest = client();
    await suggest('a', request);
    await suggest('a', request);
    await suggest('a', { ...request, count: 2 });
    await suggest('b', request);
    expect(seen).toHaveLength(3);
  });

  test.each([
    {
      name: 'a space that contradicts itself',
      given: { status: 422, body: problem('SearchSpaceInvalid', 'search.parameters[x].min: 5 is greater than max, 1') },
      want: { kind: 'invalid', message: 'search.parameters[x].min: 5 is greater than max, 1' },
    },
    {
      name: 'a service that is busy',
      given: { status: 503, body: problem('Busy', 'too many questions at once') },
      want: { kind: 'unavailable', message: 'it answered with status 503: too many questions at once' },
    },
    {
      name: 'a proxy in between',
      given: { status: 502, body: '<html>' },
      want: { kind: 'unavailable', message: 'it answered with status 502' },
    },
    {
      name: 'somebody else at this address',
      given: { status: 200, body: '{"ok":true}' },
      want: { kind: 'unavailable', message: 'it answered something else than suggestions' },
    },
    {
      name: 'no answer',
      given: 'nothing' as const,
      want: { kind: 'unavailable', message: 'it did not answer within 0.1 seconds' },
    },
  ])('$name', async ({ given, want }) => {
    reply = given;
    expect(await client(100)('a', request)).toMatchObject(want);
  });

  test('nobody at this address', async () => {
    await new Promise((resolve) => server.close(resolve));
    expect(await client()('a', request)).toEqual({
      kind: 'unavailable',
      message: 'it cannot be reached (ECONNREFUSED)',
      againInMs: 5000,
    });
  });

  test('pauses after a failure, longer each time, and not for other searches', async () => {
    const suggest = client();
    reply = { status: 500, body: '' };
    expect(await suggest('a', request)).toMatchObject({ againInMs: 5000 });
    now += 2000;
    expect(await suggest('a', request)).toMatchObject({ againInMs: 3000 });
    expect(seen).toHaveLength(1);
    now += 3000;
    expect(await suggest('a', request)).toMatchObject({ againInMs: 10_000 });
    await suggest('b', request);
    now += 10_000;
    reply = { status: 200, body: JSON.stringify(ANSWER) };
    expect(await suggest('a', request)).toMatchObject({ kind: 'answer' });
    expect(seen).toHaveLength(4);
  });

  test('there is none', async () => {
    expect(await createSuggest({ url: '', now: () => now })('a', request)).toEqual({ kind: 'none' });
  });
});
