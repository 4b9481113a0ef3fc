import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { create } from 'tar';
import type { TestServer } from '../testdata/https-server.ts';
import { startHttpsServer } from '../testdata/https-server.ts';
import type { TestRegistry } from '../testdata/registry.ts';
import { startRegistry } from '../testdata/registry.ts';
import type { FetchRequest } from './fetch.ts';
import { fetchModel } from './fetch.ts';
import type { ArtifactFile } from './oci-artifact.ts';
import { pushArtifact } from './oci-push.ts';

let registry: TestRegistry;
let into: string;
let work: string;
beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(() => registry.stop());
beforeEach(async () => {
  into = await mkdtemp(path.join(os.tmpdir(), 'aimass-oci-'));
  work = await mkdtemp(path.join(os.tmpdir(), 'aimass-work-'));
});
afterEach(async () => {
  await rm(into, { recursive: true, force: true });
  await rm(work, { recursive: true, force: true });
});

const sha256 = (bytes: Uint8Array | string) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const push = (repository: string, files: ArtifactFile[]) =>
  pushArtifact({ registry: registry.host, repository, tag: 'v1', files, insecure: true });
const request = (uri: string, more: Partial<FetchRequest> = {}): FetchRequest => ({
  uri,
  into,
  maxBytes: 1_000_000,
  timeoutSeconds: 20,
  insecureRegistries: [registry.host],
  retryDelayMs: 1,
  ...more,
});
const byTag = (repository: string) => `oci://${registry.host}/${repository}:v1`;
const directoryOf = (digest: string) => path.join(into, digest.replace(':', '-'));
const text = (name: string, content = name) => ({ name, bytes: Buffer.from(content) });

test('an artifact is fetched by tag with all its files, and by digest from the cache without a registry', async () => {
  const { digest, uri } = await push('a/iris', [text('model.onnx'), text('golden.json'), text('tokenizer/vocab.txt')]);
  expect(await fetchModel(request(byTag('a/iris')))).toMatchObject({ digest, cached: false });
  expect(await readFile(path.join(directoryOf(digest), 'tokenizer/vocab.txt'), 'utf8')).toBe('tokenizer/vocab.txt');
  expect((await stat(path.join(directoryOf(digest), 'model.onnx'))).mode & 0o333).toBe(0);
  expect(await fetchModel(request(byTag('a/iris')))).toMatchObject({ digest, cached: true });
  // The registry is not even reachable under this setting: it speaks plain http.
  expect(await fetchModel(request(uri, { insecureRegistries: [] }))).toMatchObject({ cached: true });
});

test('an archive layer is unpacked, plain and compressed, and the one ONNX file found', async () => {
  await mkdir(path.join(work, 'deep'));
  await writeFile(path.join(work, 'deep/net.onnx'), 'net');
  await writeFile(path.join(work, 'deep/weights.bin'), 'weights');
  for (const gzip of [false, true]) {
    const archive = path.join(work, `m${gzip}.tar`);
    await create({ file: archive, cwd: work, gzip, portable: true }, ['deep']);
    const mediaType = `application/vnd.cncf.model.weight.v1.tar${gzip ? '+gzip' : ''}`;
    const { digest } = await push(`a/tar-${gzip}`, [{ name: 'deep', path: archive, mediaType }]);
    await fetchModel(request(byTag(`a/tar-${gzip}`)));
    expect(await readFile(path.join(directoryOf(digest), 'model.onnx'), 'utf8')).toBe('net');
    expect(await readFile(path.join(directoryOf(digest), 'weights.bin'), 'utf8')).toBe('weights');
  }
});

test.each([
  {
    name: 'a symbolic link',
    prepare: () => symlink('/etc/passwd', path.join(work, 'model.onnx')),
    entries: ['model.onnx'],
  },
  { name: 'a path upwards', prepare: () => writeFile(path.join(work, 'x.onnx'), ''), entries: ['sub/../../x.onnx'] },
])('an archive with $name is refused, and nothing is left behind', async ({ prepare, entries }) => {
  await mkdir(path.join(work, 'sub'));
  await prepare();
  const archive = path.join(work, 'evil.tar');
  const cwd = entries[0]?.startsWith('sub') ? path.join(work, 'sub') : work;
  const names = entries.map((entry) => entry.replace('sub/../', ''));
  await create({ file: archive, cwd, preservePaths: true }, names);
  await push('a/evil', [{ name: 'x', path: archive, mediaType: 'application/vnd.cncf.model.weight.v1.tar' }]);
  await expect(fetchModel(request(byTag('a/evil')))).rejects.toMatchObject({ reason: 'ArtifactInvalid' });
  expect(await readdir(into)).toEqual([]);
});

test('an archive that is larger unpacked than the cap is refused', async () => {
  await writeFile(path.join(work, 'model.onnx'), Buffer.alloc(500_000));
  const archive = path.join(work, 'bomb.tgz');
  await create({ file: archive, cwd: work, gzip: true }, ['model.onnx']);
  const mediaType = 'application/vnd.cncf.model.weight.v1.tar+gzip';
  await push('a/bomb', [{ name: 'x', path: archive, mediaType }]);
  await expect(fetchModel(request(byTag('a/bomb'), { maxBytes: 100_000 }))).rejects.toMatchObject({
    reason: 'SourceTooLarge',
  });
});

test.each([
  { name: 'no ONNX file', files: [text('weights.bin')], says: 'holds no .onnx file' },
  { name: 'several ONNX files and none named model.onnx', files: [text('a.onnx'), text('b.onnx')], says: 'several' },
  { name: 'a file twice', files: [text('model.onnx', '1'), text('model.onnx', '2')], says: 'twice' },
])('an artifact with $name is refused', async ({ files, says }) => {
  await push('a/odd', files);
  await expect(fetchModel(request(byTag('a/odd')))).rejects.toMatchObject({
    reason: 'ArtifactInvalid',
    message: expect.stringContaining(says),
  });
});

test.each<{ name: string; tag?: string; more?: Partial<FetchRequest>; reason: string }>([
  { name: 'a tag that does not exist', tag: 'v9', reason: 'SourceNotFound' },
  { name: 'a wrong digest', more: { digest: `sha256:${'1'.repeat(64)}` }, reason: 'SourceNotFound' },
  {
    name: 'a plain-http registry that is not allowed',
    more: { insecureRegistries: [], allowedPrivateHosts: ['127.0.0.1'] },
    reason: 'SourceUnreachable',
  },
  { name: 'a private registry that is not listed', more: { insecureRegistries: [] }, reason: 'SourceRefused' },
])('$name: $reason', async ({ tag = 'v1', more = {}, reason }) => {
  await push('a/iris2', [text('model.onnx')]);
  const uri = `oci://${registry.host}/a/iris2:${tag}`;
  await expect(fetchModel(request(uri, more))).rejects.toMatchObject({ reason });
});

test('a digest in the uri that contradicts the demanded one is refused without a download', async () => {
  const { uri } = await push('a/iris3', [text('model.onnx')]);
  await expect(fetchModel(request(uri, { digest: `sha256:${'1'.repeat(64)}` }))).rejects.toMatchObject({
    reason: 'DigestMismatch',
  });
});

/** A registry that misbehaves: it asks for a token and answers as told. */
async function withFakeRegistry(
  answers: Record<string, (request: IncomingMessage, response: ServerResponse) => void>,
  use: (server: TestServer, seen: string[]) => Promise<void>,
): Promise<void> {
  const seen: string[] = [];
  const server: TestServer = await startHttpsServer((incoming, response) => {
    const url = incoming.url ?? '';
    seen.push(`${url} ${incoming.headers.authorization ?? '-'}`);
    if (url.startsWith('/token')) return void response.end(JSON.stringify({ token: 'secret-token' }));
    if (incoming.headers.authorization !== 'Bearer secret-token') {
      const challenge = `Bearer realm="${server.origin}/token",service="fake",scope="repository:team/m:pull"`;
      return void response.writeHead(401, { 'www-authenticate': challenge }).end();
    }
    const answer = answers[url];
    return answer ? answer(incoming, response) : void response.writeHead(404).end();
  });
  try {
    await use(server, seen);
  } finally {
    await server.stop();
  }
}

const blob = Buffer.from('model bytes');
const manifest = (digest = sha256(blob)) =>
  JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: sha256('{}'), size: 2 },
    layers: [
      {
        mediaType: 'application/octet-stream',
        digest,
        size: blob.length,
        annotations: { 'org.opencontainers.image.title': 'm.onnx' },
      },
    ],
  });
const send = (body: string | Buffer) => (_request: IncomingMessage, response: ServerResponse) =>
  void response.end(body);

test('a token is fetched with the login of the registry, and layers are read with it', async () => {
  const answers = { '/v2/team/m/manifests/v1': send(manifest()), [`/v2/team/m/blobs/${sha256(blob)}`]: send(blob) };
  await withFakeRegistry(answers, async (server, seen) => {
    const host = new URL(server.origin).host;
    const secret = path.join(work, 'secret');
    await mkdir(secret);
    const auth = Buffer.from('ada:lovelace').toString('base64');
    await writeFile(path.join(secret, '.dockerconfigjson'), JSON.stringify({ auths: { [host]: { auth } } }));
    const more = { caFile: server.caFile, credentialsDir: secret, allowedPrivateHosts: ['127.0.0.1'] };
    const { digest } = await fetchModel(request(`oci://${host}/team/m:v1`, more));
    expect(digest).toBe(sha256(manifest()));
    expect(seen[1]).toBe(`/token?scope=repository%3Ateam%2Fm%3Apull&service=fake Basic ${auth}`);
    expect(seen.at(-1)).toContain('Bearer secret-token');
  });
});

const index = JSON.stringify({
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.index.v1+json',
  manifests: [{ digest: `sha256:${'a'.repeat(64)}` }, { digest: `sha256:${'b'.repeat(64)}` }],
});

test.each([
  {
    name: 'a layer with other bytes than its digest',
    answers: { m: manifest(), b: Buffer.from('other bytes') },
    reason: 'DigestMismatch',
  },
  { name: 'an index of several manifests', answers: { m: index, b: blob }, reason: 'ArtifactInvalid' },
  { name: 'a manifest that is not JSON', answers: { m: '<html>', b: blob }, reason: 'ArtifactInvalid' },
  { name: 'a manifest without layers', answers: { m: '{"schemaVersion":2}', b: blob }, reason: 'ArtifactInvalid' },
])('$name: $reason', async ({ answers, reason }) => {
  const routes = { '/v2/team/m/manifests/v1': send(answers.m), [`/v2/team/m/blobs/${sha256(blob)}`]: send(answers.b) };
  await withFakeRegistry(routes, async (server) => {
    const uri = `oci://${new URL(server.origin).host}/team/m:v1`;
    await expect(
      fetchModel(request(uri, { caFile: server.caFile, allowedPrivateHosts: ['127.0.0.1'] })),
    ).rejects.toMatchObject({
      reason,
      retryable: false,
    });
  });
});

test('a manifest other than the one that the digest names is refused', async () => {
  const wanted = `sha256:${'c'.repeat(64)}`;
  await withFakeRegistry({ [`/v2/team/m/manifests/${wanted}`]: send(manifest()) }, async (server) => {
    const uri = `oci://${new URL(server.origin).host}/team/m@${wanted}`;
    await expect(
      fetchModel(request(uri, { caFile: server.caFile, allowedPrivateHosts: ['127.0.0.1'] })),
    ).rejects.toMatchObject({
      reason: 'DigestMismatch',
    });
  });
});
