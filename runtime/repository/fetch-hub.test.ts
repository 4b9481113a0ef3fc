import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import type { TestHub } from '../testdata/hub-server.ts';
import { startHub } from '../testdata/hub-server.ts';
import type { FetchRequest } from './fetch.ts';
import { fetchModel } from './fetch.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;
jest.setTimeout(30_000);
const sha256 = (bytes: Uint8Array | string) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const text = (content: string) => Buffer.from(content);

const MODEL = Buffer.from(Array.from({ length: 600_000 }, (_, index) => index % 251));
const WEIGHTS = Buffer.alloc(5000, 3);
const OLD = 'a'.repeat(40);
const NEW = 'b'.repeat(40);
const PATHS = { model: `/ada/iris/resolve/${NEW}/onnx/model.onnx`, blob: `/blobs/${sha256(MODEL).slice(7)}` };

const one = (files: Record<string, Uint8Array>) => ({ commits: { [NEW]: files }, refs: { main: NEW } });
const repositories = {
  'ada/iris': {
    commits: {
      [OLD]: { 'model.onnx': text('old') },
      [NEW]: {
        '.gitattributes': text('*.onnx filter=lfs'),
        'README.md': text('# Iris'),
        'config.json': text('{"labels":["a"]}'),
        'onnx/config.json': text('{"nearer":true}'),
        'onnx/model.onnx': MODEL,
        'onnx/model.onnx_data': WEIGHTS,
        'onnx/model_int8.onnx': Buffer.alloc(2000, 8),
        'pytorch_model.bin': Buffer.alloc(9000, 9),
        'tokenizer.json': text('{}'),
      },
    },
    refs: { main: NEW, v1: OLD, 'refs/pr/1': OLD },
  },
  'ada/plain': one({ 'only/net.onnx': text('net') }),
  'ada/many': one({ 'a.onnx': text('a'), 'b.onnx': text('b'), 'sub/c.onnx': text('c'), 'sub/config.json': text('{}') }),
  'ada/sentence': one({
    'onnx/model.onnx': text('net'),
    'config.json': text('{}'),
    '1_Pooling/config.json': text('{"pooling":1}'),
    'modules.json': text('[]'),
  }),
  'ada/none': one({ 'pytorch_model.bin': text('x') }),
  'ada/evil': one({ '../../evil/model.onnx': text('evil') }),
  'ada/gated': { ...one({ 'model.onnx': text('gated') }), gatedFor: 'good' },
  'ada/private': { ...one({ 'model.onnx': text('private') }), privateTo: 'good' },
};

let hub: TestHub;
let work: string;
let into: string;
let caFile: string;

beforeAll(async () => {
  work = await mkdtemp(path.join(os.tmpdir(), 'aimass-hub-test-'));
  hub = await startHub(repositories);
  caFile = path.join(work, 'hub.crt');
  await writeFile(caFile, hub.caFiles.map((file) => readFileSync(file, 'utf8')).join(''));
});
afterAll(async () => {
  await hub.stop();
  await rm(work, { recursive: true, force: true });
});
beforeEach(async () => {
  hub.seen.length = 0;
  hub.misbehave = {};
  into = await mkdtemp(path.join(os.tmpdir(), 'aimass-hub-into-'));
});
afterEach(() => rm(into, { recursive: true, force: true }));

const fetchFrom = (uri: string, more: Partial<FetchRequest> = {}) =>
  fetchModel({
    uri,
    into,
    maxBytes: 10_000_000,
    timeoutSeconds: 20,
    caFile,
    hfEndpoint: hub.endpoint,
    allowedPrivateHosts: [new URL(hub.store).host],
    insecureRegistries: [],
    retryDelayMs: 1,
    ...more,
  });
const directoryOf = (digest: string) => path.join(into, digest.replace(':', '-'));
const filesOf = async (digest: string) =>
  (await readdir(directoryOf(digest))).filter((name) => name !== '.contents.json').toSorted();
let secrets = 0;
async function tokenOf(token: string, name = 'token'): Promise<string> {
  secrets += 1;
  const directory = path.join(work, `secret-${secrets}`);
  await mkdir(directory);
  await writeFile(path.join(directory, name), `${token}\n`);
  return directory;
}

test('the model comes with its weights, nearest configuration, tokenizer and card, from one commit', async () => {
  hub.pageSize = 2;
  const { digest, resolvedUri } = await fetchFrom('hf://ada/iris', { weightsOf: async () => ['model.onnx_data'] });
  hub.pageSize = 1000;
  expect(resolvedUri).toBe(`hf://ada/iris@${NEW}`);
  expect(await filesOf(digest)).toEqual([
    'README.md',
    'config.json',
    'model.onnx',
    'model.onnx_data',
    'tokenizer.json',
  ]);
  expect((await readFile(path.join(directoryOf(digest), 'model.onnx'))).equals(MODEL)).toBe(true);
  expect(await readFile(path.join(directoryOf(digest), 'config.json'), 'utf8')).toBe('{"nearer":true}');
  const list = (await filesOf(digest)).map(
    (name) => `${sha256(readFileSync(path.join(directoryOf(digest), name))).slice(7)}  ${name}\n`,
  );
  expect(digest).toBe(sha256(list.join('')));
  expect(JSON.parse(await readFile(path.join(into, 'fetched.json'), 'utf8'))).toMatchObject({ digest, resolvedUri });
  expect(hub.seen.filter(({ url }) => url.includes('/resolve/')).every(({ url }) => url.includes(NEW))).toBe(true);
});

test.each([
  ['hf://ada/iris@v1', OLD, sha256('old')],
  ['hf://ada/iris@refs/pr/1', OLD, sha256('old')],
  [`hf://ada/iris@${OLD}`, OLD, sha256('old')],
  ['hf://ada/plain', NEW, sha256('net')],
  ['hf://ada/plain/only/net.onnx', NEW, sha256('net')],
  ['hf://ada/many/b.onnx', NEW, sha256('b')],
])('%s is resolved to a commit, and one file has its own digest', async (uri, commit, digest) => {
  const result = await fetchFrom(uri);
  expect(result).toMatchObject({ digest, resolvedUri: expect.stringContaining(`@${commit}`) });
  await rm(into, { recursive: true });
  expect((await fetchFrom(result.resolvedUri ?? '')).digest).toBe(digest);
});

test('a folder chooses the model in it, with what lies beside it', async () => {
  const { digest } = await fetchFrom('hf://ada/many/sub');
  expect(await filesOf(digest)).toEqual(['config.json', 'model.onnx']);
});

test('what tells how sentences become vectors comes with its folder', async () => {
  const { digest } = await fetchFrom('hf://ada/sentence');
  expect(await filesOf(digest)).toEqual(['1_Pooling', 'config.json', 'model.onnx', 'modules.json']);
  expect(await readFile(path.join(directoryOf(digest), '1_Pooling/config.json'), 'utf8')).toBe('{"pooling":1}');
});

test('a model that is in the cache under the demanded digest is not asked for again', async () => {
  const { digest } = await fetchFrom('hf://ada/plain');
  hub.seen.length = 0;
  expect(await fetchFrom('hf://ada/plain', { digest })).toMatchObject({ cached: true });
  expect(hub.seen).toEqual([]);
});

test.each([
  ['gated', 'token'],
  ['private', 'HF_TOKEN'],
])('a %s repository is read with the %s of the Secret, which stays with the hub', async (name, key) => {
  const large = { [`ada/large-${name}`]: { ...one({ 'model.onnx': MODEL }), privateTo: 'good' } };
  Object.assign(hub.repositories, large);
  const credentialsDir = await tokenOf('good', key);
  expect((await fetchFrom(`hf://ada/${name}`, { credentialsDir })).digest).toBe(sha256(name));
  await fetchFrom(`hf://ada/large-${name}`, { credentialsDir });
  expect(
    hub.seen.filter(({ place }) => place === 'hub').every(({ authorization }) => authorization === 'Bearer good'),
  ).toBe(true);
  expect(hub.seen.filter(({ place }) => place === 'store').map(({ authorization }) => authorization)).toEqual([
    undefined,
  ]);
});

test('a large file that breaks off goes on where it was, through a new link', async () => {
  let broken = 0;
  hub.misbehave[`store ${PATHS.blob}`] = (incoming, response) => {
    broken += 1;
    if (broken === 2) delete hub.misbehave[`store ${PATHS.blob}`];
    const from = Number(/^bytes=(\d+)-$/.exec(incoming.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(from === 0 ? 200 : 206, {
      etag: `"${sha256(MODEL).slice(7, 39)}"`,
      'content-length': MODEL.length - from,
      ...(from > 0 && { 'content-range': `bytes ${from}-${MODEL.length - 1}/${MODEL.length}` }),
    });
    response.write(MODEL.subarray(from, from + 200_000), () => response.destroy());
  };
  await fetchFrom('hf://ada/iris');
  const ranges = hub.seen.filter(({ place }) => place === 'store').map(({ range }) => range);
  expect(ranges).toEqual([undefined, expect.stringMatching(/^bytes=\d+-$/), expect.stringMatching(/^bytes=\d+-$/)]);
  expect(hub.seen.filter(({ place, url }) => place === 'hub' && url === PATHS.model)).toHaveLength(3);
});

const redirect =
  (location: string): Handler =>
  (_request, response) =>
    void response.writeHead(302, { location }).end();
const answer =
  (status: number, body: string): Handler =>
  (_request, response) =>
    void response.writeHead(status).end(body);
const TREE = `hub /api/models/ada/iris/tree/${NEW}`;

interface Failure {
  name: string;
  uri?: string;
  misbehave?: Record<string, Handler>;
  more?: Partial<FetchRequest>;
  token?: string;
  reason: string;
  says: string;
}

test.each<Failure>([
  {
    name: 'a repository that does not exist',
    uri: 'hf://ada/nothing',
    reason: 'SourceNotFound',
    says: 'no repository "ada/nothing"',
  },
  {
    name: 'the same with a token',
    uri: 'hf://ada/nothing',
    token: 'good',
    reason: 'SourceNotFound',
    says: 'may not see it',
  },
  {
    name: 'a private one without a token',
    uri: 'hf://ada/private',
    reason: 'SourceNotFound',
    says: 'spec.credentials is missing',
  },
  {
    name: 'a gated one without a token (401)',
    uri: 'hf://ada/gated',
    reason: 'SourceForbidden',
    says: "account's token",
  },
  {
    name: 'a gated one with another token (403)',
    uri: 'hf://ada/gated',
    token: 'other',
    reason: 'SourceForbidden',
    says: 'Accept its terms',
  },
  { name: 'an expired token', uri: 'hf://ada/plain', token: 'expired', reason: 'SourceForbidden', says: 'Renew' },
  { name: 'an unknown branch', uri: 'hf://ada/iris@v9', reason: 'SourceNotFound', says: '"v9"' },
  { name: 'an unknown commit', uri: `hf://ada/iris@${'c'.repeat(40)}`, reason: 'SourceNotFound', says: 'commit "ccc' },
  { name: 'a path that is not there', uri: 'hf://ada/iris/tflite', reason: 'SourceNotFound', says: '"tflite"' },
  {
    name: 'a file that is no model',
    uri: 'hf://ada/iris/config.json',
    reason: 'ArtifactInvalid',
    says: 'not an .onnx file',
  },
  { name: 'several models', uri: 'hf://ada/many', reason: 'ArtifactInvalid', says: 'a.onnx, b.onnx, sub/c.onnx' },
  { name: 'no model', uri: 'hf://ada/none', reason: 'ArtifactInvalid', says: 'no .onnx file' },
  {
    name: 'a file that leaves the repository',
    uri: 'hf://ada/evil',
    reason: 'ArtifactInvalid',
    says: 'does not stay inside',
  },
  {
    name: 'weights that leave the repository',
    more: { weightsOf: async () => ['../../x'] },
    reason: 'ArtifactInvalid',
    says: 'does not stay inside',
  },
  {
    name: 'another digest',
    more: { digest: `sha256:${'0'.repeat(64)}` },
    reason: 'DigestMismatch',
    says: 'spec.sha256',
  },
  { name: 'a repository above the cap', more: { maxBytes: 1000 }, reason: 'SourceTooLarge', says: 'maxSize' },
  {
    name: 'a large file with other bytes than its digest',
    misbehave: { [`store ${PATHS.blob}`]: answer(200, 'other bytes') },
    reason: 'DigestMismatch',
    says: sha256(MODEL),
  },
  {
    name: 'a small file with other bytes than git says',
    misbehave: { [`hub /ada/iris/resolve/${NEW}/tokenizer.json`]: answer(200, 'other') },
    reason: 'DigestMismatch',
    says: 'tokenizer.json',
  },
  {
    name: 'a hub that hangs',
    misbehave: { [TREE]: () => {} },
    more: { idleTimeoutSeconds: 0.3 },
    reason: 'SourceTimeout',
    says: 'in time',
  },
  {
    name: 'a store that hangs',
    misbehave: { [`store ${PATHS.blob}`]: () => {} },
    more: { idleTimeoutSeconds: 0.3 },
    reason: 'SourceTimeout',
    says: 'in time',
  },
  {
    name: 'a server that is no hub',
    misbehave: { [TREE]: answer(200, '<html>') },
    reason: 'SourceRefused',
    says: 'does not answer as a Hugging Face hub',
  },
  {
    name: 'a hub under load',
    misbehave: { [TREE]: answer(429, '') },
    reason: 'SourceUnreachable',
    says: 'tried again',
  },
  {
    name: 'a list without end',
    misbehave: {
      [TREE]: (_request, response) =>
        void response
          .writeHead(200, { link: `<${hub.endpoint}/api/models/ada/iris/tree/${NEW}>; rel="next"` })
          .end('[]'),
    },
    reason: 'ArtifactInvalid',
    says: 'more files',
  },
  {
    name: 'a redirect to the metadata service',
    misbehave: { [`hub ${PATHS.model}`]: redirect('https://169.254.169.254/latest') },
    reason: 'SourceRefused',
    says: 'metadata',
  },
  {
    name: 'a redirect to a private address',
    misbehave: { [`hub ${PATHS.model}`]: redirect('https://10.0.0.1/x') },
    reason: 'SourceRefused',
    says: 'allowedPrivateHosts',
  },
  {
    name: 'a redirect to a private name',
    misbehave: { [`hub ${PATHS.model}`]: redirect('https://localhost:1/x') },
    reason: 'SourceRefused',
    says: 'allowedPrivateHosts',
  },
  {
    name: 'a redirect to plain http',
    misbehave: { [`hub ${PATHS.model}`]: redirect('http://127.0.0.1/x') },
    reason: 'SourceRefused',
    says: 'not https',
  },
])(
  '$name: $reason, and nothing is left behind',
  async ({ uri = 'hf://ada/iris', misbehave, more, token, reason, says }) => {
    hub.misbehave = { ...misbehave };
    const credentialsDir = token === undefined ? undefined : await tokenOf(token);
    await expect(fetchFrom(uri, { ...more, credentialsDir })).rejects.toMatchObject({
      reason,
      message: expect.stringContaining(says),
    });
    expect(await readdir(into)).toEqual([]);
  },
);

test('the hub that the platform names may have a private address, at its port alone', async () => {
  const more = { allowedPrivateHosts: [] };
  expect((await fetchFrom('hf://ada/plain', more)).digest).toBe(sha256('net'));
  await expect(fetchFrom('hf://ada/iris', more)).rejects.toMatchObject({
    reason: 'SourceRefused',
    message: expect.stringContaining('allowedPrivateHosts'),
  });
});

test('a Secret without a token is refused before anything is asked', async () => {
  const credentialsDir = await tokenOf('x', 'password');
  await expect(fetchFrom('hf://ada/plain', { credentialsDir })).rejects.toMatchObject({ reason: 'SourceForbidden' });
  expect(hub.seen).toEqual([]);
});
