import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import type { TestServer } from '../testdata/https-server.ts';
import { startHttpsServer } from '../testdata/https-server.ts';
import type { FetchRequest } from './fetch.ts';
import { fetchModel } from './fetch.ts';

const CONTENT = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
const DIGEST = `sha256:${createHash('sha256').update(CONTENT).digest('hex')}`;
const ETAG = '"v1"';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;
jest.setTimeout(30_000);
let handlers: Record<string, Handler>;
let seen: { url: string; authorization: string | undefined; range: string | undefined }[];
let server: TestServer;
let other: TestServer;
let into: string;

beforeAll(async () => {
  const answer: Handler = (request, response) => {
    const { url = '', headers } = request;
    seen.push({ url, authorization: headers.authorization, range: headers.range });
    const handler = handlers[url];
    if (handler) handler(request, response);
    else response.writeHead(404).end('nothing');
  };
  server = await startHttpsServer(answer);
  other = await startHttpsServer(answer);
});
afterAll(async () => {
  await server.stop();
  await other.stop();
});
beforeEach(async () => {
  handlers = { '/m.onnx': (_request, response) => response.end(CONTENT) };
  seen = [];
  into = await mkdtemp(path.join(os.tmpdir(), 'aimass-fetch-'));
});
afterEach(() => rm(into, { recursive: true, force: true }));

const request = (more: Partial<FetchRequest> = {}): FetchRequest => ({
  uri: `${server.origin}/m.onnx`,
  into,
  maxBytes: 1_000_000,
  timeoutSeconds: 20,
  caFile: server.caFile,
  insecureRegistries: [],
  allowedPrivateHosts: ['127.0.0.1'],
  retryDelayMs: 1,
  ...more,
});
const at = (url: string, handler: Handler, more: Partial<FetchRequest> = {}) => {
  handlers[url] = handler;
  return request({ uri: `${server.origin}${url}`, ...more });
};
/** Nothing but what is expected may be left in the cache. */
const left = async () => (await readdir(into)).toSorted();

test('a file is fetched under its digest, whole, read-only, and named in fetched.json', async () => {
  expect(await fetchModel(request())).toEqual({ digest: DIGEST, sizeBytes: CONTENT.length, cached: false });
  const directory = path.join(into, DIGEST.replace(':', '-'));
  expect((await readFile(path.join(directory, 'model.onnx'))).equals(CONTENT)).toBe(true);
  expect((await stat(path.join(directory, 'model.onnx'))).mode & 0o777).toBe(0o444);
  expect(JSON.parse(await readFile(path.join(into, 'fetched.json'), 'utf8'))).toEqual({
    digest: DIGEST,
    path: directory,
    sizeBytes: CONTENT.length,
  });
  expect(await left()).toEqual(['fetched.json', DIGEST.replace(':', '-')].toSorted());
});

test('a model that is in the cache under the demanded digest is not asked for again', async () => {
  await fetchModel(request());
  seen = [];
  expect((await fetchModel(request({ digest: DIGEST }))).cached).toBe(true);
  expect(seen).toEqual([]);
});

test('a cached model that is not whole is fetched again', async () => {
  await fetchModel(request());
  await rm(path.join(into, DIGEST.replace(':', '-'), 'model.onnx'));
  expect((await fetchModel(request({ digest: DIGEST }))).cached).toBe(false);
});

test('two fetches of one model at the same time leave one whole copy', async () => {
  const results = await Promise.all([fetchModel(request()), fetchModel(request()), fetchModel(request())]);
  expect(results.map(({ digest }) => digest)).toEqual([DIGEST, DIGEST, DIGEST]);
  expect(await left()).toEqual(['fetched.json', DIGEST.replace(':', '-')].toSorted());
});

test('a download that breaks off goes on where it was', async () => {
  let times = 0;
  const result = await fetchModel(
    at('/breaks', (incoming, response) => {
      times += 1;
      const from = Number(/bytes=(\d+)-/.exec(incoming.headers.range ?? '')?.[1] ?? 0);
      const isResumed = incoming.headers['if-range'] === ETAG && from > 0;
      const rest = CONTENT.subarray(isResumed ? from : 0);
      response.writeHead(isResumed ? 206 : 200, {
        etag: ETAG,
        'content-length': rest.length,
        ...(isResumed && { 'content-range': `bytes ${from}-${CONTENT.length - 1}/${CONTENT.length}` }),
      });
      if (times > 2) response.end(rest);
      else response.write(rest.subarray(0, 100_000), () => response.destroy());
    }),
  );
  expect(result.digest).toBe(DIGEST);
  expect(seen.filter(({ range }) => range !== undefined).length).toBe(2);
});

test('a file that changed while a download was broken is read from the start, never mixed', async () => {
  let times = 0;
  const result = await fetchModel(
    at('/changes', (_incoming, response) => {
      times += 1;
      const content = times === 1 ? Buffer.alloc(CONTENT.length, 9) : CONTENT;
      response.writeHead(200, { etag: `"v${times}"`, 'content-length': content.length });
      if (times === 1) response.write(content.subarray(0, 100_000), () => response.destroy());
      else response.end(content);
    }),
  );
  expect(result.digest).toBe(DIGEST);
});

test('basic and bearer logins from the mounted Secret are sent, and not to another origin', async () => {
  const secret = path.join(into, 'secret');
  const { mkdir } = await import('node:fs/promises');
  await mkdir(secret);
  await writeFile(path.join(secret, 'token'), 'abc\n');
  handlers['/moved'] = (_request, response) => response.writeHead(302, { location: `${other.origin}/m.onnx` }).end();
  const both = path.join(into, 'both.crt');
  await writeFile(both, (await readFile(server.caFile, 'utf8')) + (await readFile(other.caFile, 'utf8')));
  await fetchModel(request({ uri: `${server.origin}/moved`, credentialsDir: secret, caFile: both }));
  expect(seen).toMatchObject([{ authorization: 'Bearer abc' }, { url: '/m.onnx', authorization: undefined }]);
  await rm(path.join(secret, 'token'));
  await writeFile(path.join(secret, 'username'), 'ada');
  await writeFile(path.join(secret, 'password'), 'lovelace');
  await fetchModel(request({ credentialsDir: secret }));
  expect(seen.at(-1)?.authorization).toBe(`Basic ${Buffer.from('ada:lovelace').toString('base64')}`);
});

const status =
  (code: number): Handler =>
  (_request, response) =>
    response.writeHead(code).end('<html>no</html>');
const page: Handler = (_request, response) =>
  response.writeHead(200, { 'content-type': 'text/html' }).end('<!DOCTYPE html>');

test.each<{ name: string; handler: Handler; more?: Partial<FetchRequest>; reason: string; retryable: boolean }>([
  { name: '404', handler: status(404), reason: 'SourceNotFound', retryable: false },
  { name: '403', handler: status(403), reason: 'SourceForbidden', retryable: false },
  { name: '401', handler: status(401), reason: 'SourceForbidden', retryable: false },
  { name: '429', handler: status(429), reason: 'SourceUnreachable', retryable: true },
  { name: '503', handler: status(503), reason: 'SourceUnreachable', retryable: true },
  { name: '418', handler: status(418), reason: 'SourceRefused', retryable: false },
  { name: 'a web page with status 200', handler: page, reason: 'ArtifactInvalid', retryable: false },
  {
    name: 'a web page that claims to be a file',
    handler: (_request, response) =>
      response.writeHead(200, { 'content-type': 'application/octet-stream' }).end('\n<html>'),
    reason: 'ArtifactInvalid',
    retryable: false,
  },
  {
    name: 'an endless redirect',
    handler: (_request, response) => response.writeHead(302, { location: '/bad' }).end(),
    reason: 'SourceRedirectLoop',
    retryable: false,
  },
  {
    name: 'a redirect to plain http',
    handler: (_request, response) => response.writeHead(302, { location: 'http://127.0.0.1/m' }).end(),
    reason: 'SourceRefused',
    retryable: false,
  },
  {
    name: 'a redirect to the metadata service',
    handler: (_request, response) => response.writeHead(307, { location: 'https://169.254.169.254/latest' }).end(),
    reason: 'SourceRefused',
    retryable: false,
  },
  {
    name: 'a host that never answers',
    handler: () => {},
    more: { idleTimeoutSeconds: 0.3 },
    reason: 'SourceTimeout',
    retryable: true,
  },
  {
    name: 'a host that stops in the middle, each time',
    handler: (_request, response) => response.writeHead(200, { 'content-length': 1000 }).write('x'),
    more: { idleTimeoutSeconds: 0.2, maxResumes: 1 },
    reason: 'SourceTimeout',
    retryable: true,
  },
  {
    name: 'a host that drips without end',
    handler: (_request, response) => {
      const timer = setInterval(() => response.write('x'), 20);
      response.on('close', () => clearInterval(timer));
    },
    more: { timeoutSeconds: 0.5 },
    reason: 'SourceTimeout',
    retryable: true,
  },
  {
    name: 'a file that announces itself as larger than the cap',
    handler: (_request, response) => response.end(CONTENT),
    more: { maxBytes: 1000 },
    reason: 'SourceTooLarge',
    retryable: false,
  },
  {
    name: 'a file that says nothing of its size and is larger than the cap',
    handler: (_request, response) => {
      response.write(CONTENT);
      response.end(CONTENT);
    },
    more: { maxBytes: 400_000 },
    reason: 'SourceTooLarge',
    retryable: false,
  },
  {
    name: 'a connection that always breaks off in the middle',
    handler: (_request, response) => {
      response.writeHead(200, { 'content-length': CONTENT.length });
      response.write(CONTENT.subarray(0, 100_000), () => response.destroy());
    },
    reason: 'SourceTruncated',
    retryable: true,
  },
  {
    name: 'a wrong digest',
    handler: (_request, response) => response.end(CONTENT),
    more: { digest: `sha256:${'0'.repeat(64)}` },
    reason: 'DigestMismatch',
    retryable: false,
  },
  {
    name: 'a compressed answer',
    handler: (_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'),
    reason: 'SourceRefused',
    retryable: false,
  },
  {
    name: 'a certificate of nobody known',
    handler: status(200),
    more: { caFile: undefined },
    reason: 'SourceRefused',
    retryable: false,
  },
])('$name: $reason, and nothing is left behind', async ({ handler, more, reason, retryable }) => {
  await expect(fetchModel(at('/bad', handler, more))).rejects.toMatchObject({ reason, retryable });
  expect(await left()).toEqual([]);
});

test.each([
  ['a port where nobody listens', 'https://127.0.0.1:1/m.onnx', 'SourceUnreachable'],
  ['a name that does not exist', 'https://no-such-host.invalid/m.onnx', 'SourceUnreachable'],
  ['the metadata service', 'https://169.254.169.254/m.onnx', 'SourceRefused'],
  ['the metadata service in IPv6 clothes', 'https://[::ffff:169.254.169.254]/m.onnx', 'SourceRefused'],
])('%s: %s is %s', async (_name, uri, reason) => {
  await expect(fetchModel(request({ uri }))).rejects.toMatchObject({ reason });
});
