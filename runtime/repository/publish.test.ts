import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { TestRegistry } from '../testdata/registry.ts';
import { freePort, startRegistry } from '../testdata/registry.ts';
import { fetchModel } from './fetch.ts';
import type { PublishRequest } from './publish.ts';
import { publishFolder } from './publish.ts';

let registry: TestRegistry;
let work: string;
beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(() => registry.stop());
beforeEach(async () => {
  work = await mkdtemp(path.join(os.tmpdir(), 'aimass-publish-'));
  for (const [name, content] of Object.entries({
    'converted/model.onnx': 'graph',
    'converted/config.json': '{}',
    'converted/card.md': '# iris',
    'converted/.cache': 'hidden',
    'output/model.joblib': 'pickle',
    'output/deep/er/and/deeper/weights.bin': 'w',
  })) {
    await mkdir(path.dirname(path.join(work, name)), { recursive: true });
    await writeFile(path.join(work, name), content);
  }
});
afterEach(() => rm(work, { recursive: true, force: true }));

const request = (to: string, more: Partial<PublishRequest> = {}): PublishRequest => ({
  from: path.join(work, 'converted'),
  to,
  annotations: { 'aimass.dev/job': 'team/iris', 'org.opencontainers.image.title': 'iris' },
  timeoutSeconds: 20,
  insecureRegistries: [registry.host],
  patience: { firstDelayMs: 1 },
  ...more,
});
const manifestOf = async (repository: string, reference: string, host = registry.host) => {
  const accept = 'application/vnd.oci.image.manifest.v1+json';
  const reply = await fetch(`http://${host}/v2/${repository}/manifests/${reference}`, { headers: { accept } });
  return (await reply.json()) as Record<string, unknown> & { layers?: { annotations: Record<string, string> }[] };
};
const namesIn = ({ layers = [] }: Awaited<ReturnType<typeof manifestOf>>) =>
  layers.map(({ annotations }) => annotations['org.cncf.model.filepath']);

test('a folder becomes an artifact that can be fetched, with the annotations, and again the same digest', async () => {
  const published = await publishFolder(request(`oci://${registry.host}/p/iris:3`));
  expect(published).toEqual({
    digest: expect.stringMatching(/^sha256:/),
    uri: `oci://${registry.host}/p/iris@${published.digest}`,
    sizeBytes: 13,
  });
  const manifest = await manifestOf('p/iris', '3');
  expect(namesIn(manifest)).toEqual(['card.md', 'config.json', 'model.onnx']);
  expect(manifest['annotations']).toEqual({ 'aimass.dev/job': 'team/iris', 'org.opencontainers.image.title': 'iris' });
  expect((await publishFolder(request(`oci://${registry.host}/p/iris:4`))).digest).toBe(published.digest);
  const fetched = { uri: published.uri, into: path.join(work, 'cache'), maxBytes: 1000, timeoutSeconds: 10 };
  expect(await fetchModel({ ...fetched, insecureRegistries: [registry.host] })).toMatchObject({
    digest: published.digest,
    sizeBytes: 13,
  });
});

test('the original is an artifact of its own that names the first, and has a tag where subjects are unknown', async () => {
  const originalFrom = path.join(work, 'output');
  const published = await publishFolder(request(`oci://${registry.host}/p/both:1`, { originalFrom }));
  expect(published.originalUri).toBe(`oci://${registry.host}/p/both@${published.originalDigest}`);
  const original = await manifestOf('p/both', published.originalDigest ?? '');
  expect(original['subject']).toMatchObject({ digest: published.digest });
  expect(namesIn(original)).toEqual(['deep/er/and/deeper/weights.bin', 'model.joblib']);
  expect(namesIn(await manifestOf('p/both', '1'))).not.toContain('model.joblib');
  expect(await manifestOf('p/both', '1-original')).toEqual(original);
});

test('what the record says is not sent again, unless the files are others', async () => {
  const recordFile = path.join(work, 'published.json');
  const gone = await startRegistry();
  const to = `oci://${gone.host}/p/iris:1`;
  const more = { recordFile, insecureRegistries: [gone.host] };
  const first = await publishFolder(request(to, more));
  await gone.stop();
  expect(JSON.parse(await readFile(recordFile, 'utf8'))).toEqual(first);
  expect(await publishFolder(request(to, more))).toEqual(first);
  await writeFile(path.join(work, 'converted/model.onnx'), 'other');
  await expect(publishFolder(request(to, more))).rejects.toMatchObject({ reason: 'RegistryUnreachable' });
});

interface Own {
  status: number;
  body: string;
  headers?: Record<string, string>;
}

/** Stands before the real registry and answers in its place while `answer` has something to say. */
async function startProxy(answer: (request: http.IncomingMessage) => Own | undefined) {
  const { hostname, port } = new URL(`http://${registry.host}`);
  const seen: string[] = [];
  const proxy = http.createServer((incoming, response) => {
    seen.push(`${incoming.method} ${incoming.url?.replace(/[?].*|\/[0-9a-f-]{36}|sha256:.*/g, '')}`);
    const own = answer(incoming);
    if (own !== undefined) {
      incoming.resume();
      return void response.writeHead(own.status, own.headers).end(own.body);
    }
    const { method, url: target, headers } = incoming;
    const onward = http.request({ hostname, port, method, path: target, headers }, (reply) => {
      response.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(response);
    });
    incoming.pipe(onward);
    incoming.on('close', () => incoming.complete || onward.destroy());
    onward.on('error', () => response.destroy());
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const host = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  return {
    host,
    seen,
    stop: async () => {
      proxy.closeAllConnections();
      proxy.close();
      await once(proxy, 'close');
    },
  };
}

const enospc = JSON.stringify({
  errors: [
    {
      code: 'UNKNOWN',
      message: 'unknown error',
      detail: { DriverName: 'filesystem', Enclosed: { Op: 'write', Err: 28 } },
    },
  ],
});

test.each([
  { name: 'is overloaded', status: 503, body: '', times: 4, tries: 5 },
  { name: 'has a limit on requests', status: 429, body: '{"errors":[{"message":"slow down"}]}', times: 2, tries: 5 },
])('a registry that $name for a while is tried again', async ({ status, body, times, tries }) => {
  let left = times;
  const proxy = await startProxy(({ method }) => (method === 'PUT' && left-- > 0 ? { status, body } : undefined));
  const more = { insecureRegistries: [proxy.host], patience: { firstDelayMs: 1, tries } };
  const { digest } = await publishFolder(request(`oci://${proxy.host}/p/again-${status}:1`, more));
  expect(digest).toMatch(/^sha256:/);
  // Files are sent before the manifest that names them.
  expect(proxy.seen.at(-1)).toBe(`PUT /v2/p/again-${status}/manifests/1`);
  await proxy.stop();
});

test.each([
  {
    name: 'a full disk',
    status: 500,
    body: enospc,
    reason: 'RegistryFull',
    says: 'no space left on its disk',
    retryable: true,
  },
  { name: 'no storage left', status: 507, body: '', reason: 'RegistryFull', says: '507', retryable: true },
  { name: 'a limit on sizes', status: 413, body: '<html>', reason: 'RegistryFull', says: '413', retryable: true },
  {
    name: 'a quota',
    status: 403,
    body: '{"errors":[{"message":"exceeds quota"}]}',
    reason: 'RegistryFull',
    says: 'exceeds quota',
    retryable: true,
  },
  {
    name: 'no right to write',
    status: 403,
    body: '',
    reason: 'RegistryForbidden',
    says: 'spec.publish.credentials',
    retryable: false,
  },
  {
    name: 'no such project',
    status: 404,
    body: '',
    reason: 'PublishFailed',
    says: 'spec.publish.to',
    retryable: false,
  },
  {
    name: 'a failure that stays',
    status: 502,
    body: '',
    reason: 'RegistryUnreachable',
    says: 'tried again',
    retryable: true,
  },
])(
  '$name is $reason; when it is over, only what is missing is sent',
  async ({ status, body, reason, says, retryable }) => {
    const repository = `p/odd-${reason.toLowerCase()}-${status}`;
    let isOver = false;
    const isManifest = (url: string | undefined) => url?.includes('/manifests/') === true;
    const proxy = await startProxy(({ url, method }) =>
      !isOver && method === 'PUT' && isManifest(url) ? { status, body } : undefined,
    );
    const more = { insecureRegistries: [proxy.host] };
    const to = `oci://${proxy.host}/${repository}:1`;
    await expect(publishFolder(request(to, more))).rejects.toMatchObject({
      reason,
      retryable,
      message: expect.stringContaining(says),
    });
    expect(await manifestOf(repository, '1')).toHaveProperty('errors');
    isOver = true;
    proxy.seen.length = 0;
    await publishFolder(request(to, more));
    expect(proxy.seen.filter((line) => line.startsWith('PUT'))).toEqual([`PUT /v2/${repository}/manifests/1`]);
    await proxy.stop();
  },
);

test('an upload that breaks off in the middle is sent again, whole', async () => {
  await writeFile(path.join(work, 'converted/model.onnx'), Buffer.alloc(3_000_000, 7));
  let breaks = 2;
  const proxy = await startProxy((incoming) => {
    const isLarge = incoming.method === 'PUT' && Number(incoming.headers['content-length']) > 1_000_000;
    if (isLarge && breaks-- > 0) incoming.once('data', () => incoming.socket.destroy());
    return undefined;
  });
  const more = { insecureRegistries: [proxy.host] };
  const { digest, uri } = await publishFolder(request(`oci://${proxy.host}/p/broken:1`, more));
  const fetched = { uri, into: path.join(work, 'cache'), maxBytes: 10_000_000, timeoutSeconds: 10, ...more };
  expect(await fetchModel(fetched)).toMatchObject({ digest });
  await proxy.stop();
});

test('a token that ends in the middle is asked for again, and the file sent again', async () => {
  let tokens = 0;
  const proxy = await startProxy(({ url = '', method, headers }) => {
    if (url.startsWith('/token')) return { status: 200, body: JSON.stringify({ token: `t${(tokens += 1)}` }) };
    const isOld = method === 'PUT' && headers.authorization === 'Bearer t1';
    if (headers.authorization !== undefined && !isOld) return undefined;
    const challenge = `Bearer realm="http://${headers.host}/token",service="r"`;
    return { status: 401, body: '', headers: { 'www-authenticate': challenge } };
  });
  const more = { insecureRegistries: [proxy.host] };
  expect((await publishFolder(request(`oci://${proxy.host}/p/token:1`, more))).digest).toMatch(/^sha256:/);
  expect(tokens).toBe(2);
  await proxy.stop();
});

test('no more is waited than the stage has time for', async () => {
  const proxy = await startProxy(({ method }) => (method === 'HEAD' ? undefined : { status: 503, body: '' }));
  const more = { insecureRegistries: [proxy.host], timeoutSeconds: 0, patience: { firstDelayMs: 60_000 } };
  await expect(publishFolder(request(`oci://${proxy.host}/p/late:1`, more))).rejects.toMatchObject({
    reason: 'RegistryUnreachable',
  });
  await proxy.stop();
});

test('a registry that is down is waited for', async () => {
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  const more = { insecureRegistries: [host], patience: { firstDelayMs: 1, tries: 2 } };
  const to = `oci://${host}/p/iris:1`;
  await expect(publishFolder(request(to, more))).rejects.toMatchObject({
    reason: 'RegistryUnreachable',
    retryable: true,
    message: expect.stringContaining('the connection was refused'),
  });
  const publishing = publishFolder(request(to, { ...more, patience: { firstDelayMs: 500, tries: 5 } }));
  const late = await startRegistry({ port });
  expect((await publishing).uri).toContain(host);
  await late.stop();
});

test('a read-only registry is named as such', async () => {
  const readOnly = await startRegistry({ isReadOnly: true });
  const more = { insecureRegistries: [readOnly.host] };
  await expect(publishFolder(request(`oci://${readOnly.host}/p/iris:1`, more))).rejects.toMatchObject({
    reason: 'PublishFailed',
    retryable: false,
    message: expect.stringMatching(/405.*read-only/),
  });
  await readOnly.stop();
});

test.each<{ name: string; to?: string; more?: Partial<PublishRequest>; reason: string; says: string }>([
  {
    name: 'a private address that is not listed',
    more: { insecureRegistries: [] },
    reason: 'PublishFailed',
    says: 'published to public addresses only',
  },
  {
    name: 'a target with a digest',
    to: `oci://r/p@sha256:${'a'.repeat(64)}`,
    reason: 'PublishFailed',
    says: 'spec.publish.to',
  },
  { name: 'a target that is no registry', to: 's3://bucket/x', reason: 'PublishFailed', says: 'spec.publish.to' },
  {
    name: 'a folder that is not there',
    more: { from: '/nowhere/at/all' },
    reason: 'OutputMissing',
    says: 'nothing to publish',
  },
])('$name is refused', async ({ to, more, reason, says }) => {
  const target = to ?? `oci://${registry.host}/p/refused:1`;
  await expect(publishFolder(request(target, more))).rejects.toMatchObject({
    reason,
    message: expect.stringContaining(says),
  });
});

test('links to files inside are followed, those that lead out are refused', async () => {
  const from = path.join(work, 'output');
  await symlink('model.joblib', path.join(from, 'latest.joblib'));
  await symlink('deep', path.join(from, 'current'));
  const { digest } = await publishFolder(request(`oci://${registry.host}/p/links:1`, { from }));
  expect(namesIn(await manifestOf('p/links', digest))).toEqual([
    'deep/er/and/deeper/weights.bin',
    'latest.joblib',
    'model.joblib',
  ]);
  await symlink('/etc/passwd', path.join(from, 'evil.bin'));
  await expect(publishFolder(request(`oci://${registry.host}/p/links:1`, { from }))).rejects.toThrow('leads out of it');
});

test('a registry with a login takes the artifact with it, and is RegistryForbidden without', async () => {
  // bcrypt of "secret" for user "team".
  const htpasswd = 'team:$2a$04$sI8NG4YGSmUyoh32UGUNX.7CVbx6yPdj.NQHJBF3ik9e2QoB98vRO\n';
  const guarded = await startRegistry({ htpasswd });
  const credentialsDir = path.join(work, 'secret');
  await mkdir(credentialsDir);
  await writeFile(path.join(credentialsDir, 'username'), 'team');
  await writeFile(path.join(credentialsDir, 'password'), 'wrong');
  const more = { insecureRegistries: [guarded.host], credentialsDir };
  const to = `oci://${guarded.host}/p/iris:1`;
  await expect(publishFolder(request(to, more))).rejects.toMatchObject({
    reason: 'RegistryForbidden',
    retryable: false,
  });
  await writeFile(path.join(credentialsDir, 'password'), 'secret');
  expect((await publishFolder(request(to, more))).uri).toContain(guarded.host);
  await guarded.stop();
});
