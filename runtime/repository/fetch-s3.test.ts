import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import type { TestServer } from '../testdata/https-server.ts';
import { startHttpsServer } from '../testdata/https-server.ts';
import type { TestS3 } from '../testdata/s3-server.ts';
import { startS3 } from '../testdata/s3-server.ts';
import type { FetchRequest } from './fetch.ts';
import { fetchModel } from './fetch.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;
jest.setTimeout(30_000);
const MODEL = Buffer.from(Array.from({ length: 600_000 }, (_, index) => index % 251));
const sha256 = (bytes: Uint8Array | string) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

let s3: TestS3;
/** Stands before the store and does what a test tells it; otherwise it passes everything on. */
let proxy: TestServer;
let misbehave: Handler | undefined;
let seen: { url: string; range: string | undefined; authorization: string | undefined }[];
let caFile: string;
let work: string;
let into: string;

/** Where an answer breaks off, and what happens before that. */
interface Break {
  limit: number;
  before?: () => Promise<unknown>;
}

function passOn(
  request: IncomingMessage,
  response: ServerResponse,
  { limit, before }: Break = { limit: Infinity },
): void {
  const { method, url = '', headers } = request;
  const upstream = https.request(`${s3.origin}${url}`, { method, headers, ca: readFileSync(s3.caFile) }, (answer) => {
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    let sent = 0;
    answer.on('data', (chunk: Buffer) => {
      sent += chunk.length;
      if (sent < limit) return void response.write(chunk);
      answer.destroy();
      response.write(chunk.subarray(0, 1), () => void (before?.() ?? Promise.resolve()).then(() => response.destroy()));
    });
    answer.on('end', () => response.end());
  });
  upstream.end();
}

beforeAll(async () => {
  work = await mkdtemp(path.join(os.tmpdir(), 'aimass-s3-test-'));
  s3 = await startS3();
  proxy = await startHttpsServer((request, response) => {
    const { url = '', headers } = request;
    seen.push({ url, range: headers.range, authorization: headers.authorization });
    if (misbehave === undefined) passOn(request, response);
    else misbehave(request, response);
  });
  caFile = path.join(work, 'both.crt');
  await writeFile(caFile, readFileSync(s3.caFile, 'utf8') + readFileSync(proxy.caFile, 'utf8'));
  await s3.createBucket('models');
  await s3.createBucket('open', { isPublic: true });
  await s3.put('models', 'digits/model.onnx', MODEL);
  await s3.put('models', 'digits/config.json', '{}');
  await s3.put('models', 'digits/tokenizer/vocab.txt', 'a b');
  await s3.put('models', 'deep/er/net v2.onnx', 'net');
  await s3.put('models', 'odd/a.onnx', 'a');
  await s3.put('models', 'odd/b.onnx', 'b');
  await s3.put('models', 'text/readme.md', 'no model');
  await s3.put('open', 'm.onnx', 'open');
});
afterAll(async () => {
  await proxy.stop();
  await s3.stop();
  await rm(work, { recursive: true, force: true });
});
beforeEach(async () => {
  misbehave = undefined;
  seen = [];
  into = await mkdtemp(path.join(os.tmpdir(), 'aimass-s3-into-'));
});
afterEach(() => rm(into, { recursive: true, force: true }));

let secrets = 0;
async function secret(files: Record<string, string>): Promise<string> {
  secrets += 1;
  const directory = path.join(work, `secret-${secrets}`);
  await mkdir(directory);
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(directory, name), `${text}\n`);
  return directory;
}
const login = () => secret({ ...s3.login, endpoint: proxy.origin, region: s3.region });
const request = async (uri: string, more: Partial<FetchRequest> = {}): Promise<FetchRequest> => ({
  uri,
  into,
  maxBytes: 10_000_000,
  timeoutSeconds: 20,
  caFile,
  credentialsDir: await login(),
  allowedPrivateHosts: ['127.0.0.1'],
  insecureRegistries: [],
  retryDelayMs: 1,
  ...more,
});
const fetchFrom = async (uri: string, more?: Partial<FetchRequest>) => fetchModel(await request(uri, more));
const directoryOf = (digest: string) => path.join(into, digest.replace(':', '-'));
const listOf = (files: Record<string, Uint8Array | string>) =>
  sha256(
    Object.entries(files)
      .map(([name, bytes]) => `${sha256(bytes).slice(7)}  ${name}\n`)
      .join(''),
  );

test('an object is fetched as model.onnx under the digest of its bytes', async () => {
  const result = await fetchFrom('s3://models/digits/model.onnx', { digest: sha256(MODEL) });
  expect(result).toEqual({ digest: sha256(MODEL), sizeBytes: MODEL.length, cached: false });
  expect((await readFile(path.join(directoryOf(result.digest), 'model.onnx'))).equals(MODEL)).toBe(true);
});

test.each(['s3://models/digits/', 's3://models/digits'])(
  '%s is everything below it, under the digest of the sorted list',
  async (uri) => {
    const { digest } = await fetchFrom(uri);
    expect(digest).toBe(listOf({ 'config.json': '{}', 'model.onnx': MODEL, 'tokenizer/vocab.txt': 'a b' }));
    expect(await readFile(path.join(directoryOf(digest), 'tokenizer/vocab.txt'), 'utf8')).toBe('a b');
    seen = [];
    expect(await fetchFrom(uri, { digest })).toMatchObject({ cached: true });
    expect(seen).toEqual([]);
  },
);

test('the digest of several files is what find, sort and sha256sum print', async () => {
  const { execFileSync } = await import('node:child_process');
  const { digest } = await fetchFrom('s3://models/digits/');
  const command =
    "find . -type f ! -name .contents.json -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum";
  const printed = execFileSync('sh', ['-c', command], { cwd: directoryOf(digest), encoding: 'utf8' });
  expect(`sha256:${printed.slice(0, 64)}`).toBe(digest);
});

test('the one ONNX file below a prefix becomes model.onnx; special characters are percent-encoded', async () => {
  expect((await fetchFrom('s3://models/deep/')).digest).toBe(sha256('net'));
  expect((await fetchFrom('s3://models/deep/er/net%20v2.onnx')).digest).toBe(sha256('net'));
});

test('a public bucket is read without a login, and nothing is signed', async () => {
  const uri = `s3://open/m.onnx?endpoint=${proxy.origin}&region=${s3.region}`;
  expect((await fetchFrom(uri, { credentialsDir: undefined })).digest).toBe(sha256('open'));
  expect(seen.map(({ authorization }) => authorization)).toEqual([undefined, undefined]);
});

test('an empty object is fetched: that it is no model is for verification to say', async () => {
  await s3.put('models', 'empty.onnx', '');
  expect(await fetchFrom('s3://models/empty.onnx')).toMatchObject({ digest: sha256(''), sizeBytes: 0 });
});

test('an older version of an object is fetched by its id', async () => {
  await s3.createBucket('versions', { isVersioned: true });
  const { versionId } = await s3.put('versions', 'm.onnx', 'old');
  await s3.put('versions', 'm.onnx', 'new');
  expect((await fetchFrom(`s3://versions/m.onnx?versionId=${versionId}`)).digest).toBe(sha256('old'));
  expect((await fetchFrom('s3://versions/m.onnx')).digest).toBe(sha256('new'));
});

test('keys with AWS names work, and endpoint and region of the platform', async () => {
  const credentialsDir = await secret({
    AWS_ACCESS_KEY_ID: s3.login.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.login.secretAccessKey,
  });
  const more = { credentialsDir, s3Endpoint: s3.origin, s3Region: s3.region, allowedPrivateHosts: [] };
  expect((await fetchFrom('s3://models/digits/model.onnx', more)).digest).toBe(sha256(MODEL));
});

test('a store that names another region is asked again for that region', async () => {
  const credentialsDir = await secret({ ...s3.login, endpoint: proxy.origin, region: 'us-west-2' });
  expect((await fetchFrom('s3://models/digits/model.onnx', { credentialsDir })).digest).toBe(sha256(MODEL));
  expect(seen[0]?.authorization).toContain('/us-west-2/s3/');
  expect(seen.at(-1)?.authorization).toContain(`/${s3.region}/s3/`);
});

const xml = (status: number, code: string, headers: Record<string, string> = {}): Handler => {
  const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>no</Message></Error>`;
  return (_request, response) =>
    response.writeHead(status, { 'content-type': 'application/xml', ...headers }).end(body);
};

test('a permanent redirect to a region is followed by signing for it', async () => {
  misbehave = (incoming, response) =>
    incoming.headers.authorization?.includes(`/${s3.region}/`)
      ? passOn(incoming, response)
      : xml(301, 'PermanentRedirect', { 'x-amz-bucket-region': s3.region })(incoming, response);
  const credentialsDir = await secret({ ...s3.login, endpoint: proxy.origin, region: 'us-west-2' });
  expect((await fetchFrom('s3://models/digits/model.onnx', { credentialsDir })).digest).toBe(sha256(MODEL));
});

const isWhole = ({ headers }: IncomingMessage) => headers.range !== 'bytes=0-0';

test('a download that breaks off goes on where it was', async () => {
  let broken = 0;
  misbehave = (incoming, response) => {
    const breaks = isWhole(incoming) && broken < 2;
    if (breaks) broken += 1;
    passOn(incoming, response, { limit: breaks ? 200_000 : Infinity });
  };
  expect((await fetchFrom('s3://models/digits/model.onnx')).digest).toBe(sha256(MODEL));
  const ranges = seen.map(({ range }) => range).filter((range) => range !== undefined);
  expect(ranges).toHaveLength(3);
  expect(Number(/bytes=(\d+)-$/.exec(ranges.at(-1) ?? '')?.[1])).toBeGreaterThan(0);
});

test('an object that changed while a download was broken is read from the start, never mixed', async () => {
  const next = Buffer.alloc(500_000, 7);
  await s3.put('models', 'changing.onnx', MODEL);
  let isFirst = true;
  misbehave = (incoming, response) => {
    if (!isWhole(incoming) || !isFirst) return passOn(incoming, response);
    isFirst = false;
    passOn(incoming, response, { limit: 200_000, before: () => s3.put('models', 'changing.onnx', next) });
  };
  expect((await fetchFrom('s3://models/changing.onnx')).digest).toBe(sha256(next));
});

const breaking: Handler = (incoming, response) =>
  passOn(incoming, response, { limit: isWhole(incoming) ? 10 : Infinity });
const MODEL_URI = 's3://models/digits/model.onnx';

test.each<{ name: string; uri?: string; answer?: Handler; more?: Partial<FetchRequest>; reason: string; says: string }>(
  [
    {
      name: 'a bucket that does not exist',
      uri: 's3://nothing/m.onnx',
      reason: 'SourceNotFound',
      says: 'no bucket "nothing"',
    },
    {
      name: 'a key that does not exist',
      uri: 's3://models/nothing.onnx',
      reason: 'SourceNotFound',
      says: 'no object "nothing.onnx"',
    },
    { name: 'an empty prefix', uri: 's3://models/nothing/', reason: 'SourceNotFound', says: 'no object "nothing/"' },
    { name: 'several models', uri: 's3://models/odd/', reason: 'ArtifactInvalid', says: 'a.onnx, b.onnx' },
    { name: 'no model', uri: 's3://models/text/', reason: 'ArtifactInvalid', says: 'readme.md' },
    { name: 'an object above the cap', more: { maxBytes: 1000 }, reason: 'SourceTooLarge', says: 'maxSize' },
    {
      name: 'a prefix above the cap',
      uri: 's3://models/digits/',
      more: { maxBytes: 600_001 },
      reason: 'SourceTooLarge',
      says: 'maxSize',
    },
    {
      name: 'another digest',
      more: { digest: `sha256:${'0'.repeat(64)}` },
      reason: 'DigestMismatch',
      says: 'spec.sha256',
    },
    {
      name: 'a server that hangs',
      answer: () => {},
      more: { idleTimeoutSeconds: 0.3 },
      reason: 'SourceTimeout',
      says: 'in time',
    },
    {
      name: 'a server that drips without end',
      answer: (incoming, response) => {
        if (!isWhole(incoming)) return passOn(incoming, response);
        const timer = setInterval(() => response.write('x'), 20);
        response.on('close', () => clearInterval(timer));
      },
      more: { timeoutSeconds: 1 },
      reason: 'SourceTimeout',
      says: 'within 1 s',
    },
    { name: 'a connection that always breaks', answer: breaking, reason: 'SourceTruncated', says: 'broke off' },
    {
      name: 'a certificate of nobody known',
      more: { caFile: undefined },
      reason: 'SourceRefused',
      says: 'spec.source.caBundle',
    },
    {
      name: 'a key that leaves the prefix',
      uri: 's3://models/digits/',
      answer: (_request, response) =>
        response.end(
          '<?xml version="1.0"?><ListBucketResult><Contents><Key>digits/../../x.onnx</Key><Size>1</Size></Contents></ListBucketResult>',
        ),
      reason: 'ArtifactInvalid',
      says: 'does not stay inside',
    },
    { name: 'an expired token', answer: xml(400, 'ExpiredToken'), reason: 'SourceForbidden', says: 'expired' },
    {
      name: 'a clock that is wrong',
      answer: xml(403, 'RequestTimeTooSkewed'),
      reason: 'SourceForbidden',
      says: 'clock',
    },
    { name: 'no right to read', answer: xml(403, 'AccessDenied'), reason: 'SourceForbidden', says: 's3:GetObject' },
    { name: 'a store under load', answer: xml(503, 'SlowDown'), reason: 'SourceUnreachable', says: 'tried again' },
    { name: 'an archived object', answer: xml(403, 'InvalidObjectState'), reason: 'SourceRefused', says: 'archived' },
    {
      name: 'an endless redirect of regions',
      answer: xml(301, 'PermanentRedirect', { 'x-amz-bucket-region': 'eu-west-9' }),
      reason: 'SourceRefused',
      says: 'region',
    },
    {
      name: 'a redirect to the metadata service',
      answer: xml(307, 'TemporaryRedirect', { location: 'https://169.254.169.254/latest' }),
      reason: 'SourceRefused',
      says: 'endpoint',
    },
    {
      name: 'an answer without end where a refusal should be',
      answer: (_request, response) => {
        response.writeHead(403);
        const chunk = Buffer.alloc(1_000_000, 65);
        const timer = setInterval(() => response.write(chunk), 1);
        response.on('close', () => clearInterval(timer));
      },
      reason: 'ArtifactInvalid',
      says: 'more than',
    },
  ],
)('$name: $reason, and nothing is left behind', async ({ uri = MODEL_URI, answer, more, reason, says }) => {
  misbehave = answer;
  await expect(fetchFrom(uri, more)).rejects.toMatchObject({ reason, message: expect.stringContaining(says) });
  expect(await readdir(into)).toEqual([]);
});

test.each<{ name: string; keys: Record<string, string>; reason: string; says: string }>([
  {
    name: 'a wrong secret key',
    keys: { accessKeyId: 'ada', secretAccessKey: 'wrong' },
    reason: 'SourceForbidden',
    says: 'does not accept the login',
  },
  {
    name: 'an unknown access key',
    keys: { accessKeyId: 'eve', secretAccessKey: 'wrong' },
    reason: 'SourceForbidden',
    says: 'does not accept the login',
  },
  { name: 'half a login', keys: { accessKeyId: 'ada' }, reason: 'SourceForbidden', says: 'secretAccessKey' },
  {
    name: 'a Secret for something else',
    keys: { password: 'x' },
    reason: 'SourceForbidden',
    says: 'AWS_ACCESS_KEY_ID',
  },
])('$name: $reason', async ({ keys, reason, says }) => {
  const isForS3 = keys['password'] === undefined;
  const credentialsDir = await secret({ ...keys, ...(isForS3 && { endpoint: proxy.origin, region: s3.region }) });
  await expect(fetchFrom(MODEL_URI, { credentialsDir })).rejects.toMatchObject({
    reason,
    message: expect.stringContaining(says),
  });
});

test('a bucket that needs a login says so to nobody', async () => {
  const uri = `${MODEL_URI}?endpoint=${proxy.origin}&region=${s3.region}`;
  await expect(fetchFrom(uri, { credentialsDir: undefined })).rejects.toMatchObject({
    reason: 'SourceForbidden',
    message: expect.stringContaining('without a login'),
  });
});

test.each<{ name: string; endpoint: string; allowed?: string[]; says: string }>([
  { name: 'the metadata service', endpoint: 'http://169.254.169.254', allowed: ['*'], says: 'not https' },
  { name: 'the metadata service over https', endpoint: 'https://169.254.169.254', allowed: ['*'], says: 'metadata' },
  { name: 'loopback', endpoint: 'https://127.0.0.1:1', says: 'allowedPrivateHosts' },
  { name: 'a name of loopback', endpoint: 'https://localhost:1', says: 'allowedPrivateHosts' },
  { name: 'a private address', endpoint: 'https://10.0.0.1', says: 'allowedPrivateHosts' },
  { name: 'no server', endpoint: 'file:///etc/passwd', says: 'not the address of a server' },
])('an endpoint that is $name is refused', async ({ endpoint, allowed = [], says }) => {
  const uri = `${MODEL_URI}?endpoint=${endpoint}`;
  await expect(fetchFrom(uri, { allowedPrivateHosts: allowed })).rejects.toMatchObject({
    reason: 'SourceRefused',
    message: expect.stringContaining(says),
  });
});
