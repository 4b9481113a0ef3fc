import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { TestRegistry } from '../testdata/registry.ts';
import { startRegistry } from '../testdata/registry.ts';
import { pushArtifact } from './oci-push.ts';

let registry: TestRegistry;
let directory: string;
beforeAll(async () => {
  registry = await startRegistry();
  directory = await mkdtemp(path.join(os.tmpdir(), 'aimass-push-'));
});
afterAll(async () => {
  await registry.stop();
  await rm(directory, { recursive: true, force: true });
});

const sha256 = (bytes: Uint8Array | string) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

test('a pushed artifact can be read back from the registry, byte for byte, under the digest that was returned', async () => {
  const onDisk = path.join(directory, 'model.onnx');
  await writeFile(onDisk, Buffer.alloc(100_000, 7));
  const request = {
    registry: registry.host,
    repository: 'library/iris',
    tag: 'v1',
    files: [
      { name: 'model.onnx', path: onDisk },
      { name: 'golden.json', bytes: Buffer.from('{}') },
      { name: 'README.md', bytes: Buffer.from('# iris') },
    ],
    annotations: { 'org.opencontainers.image.title': 'iris' },
    insecure: true,
  };
  const pushed = await pushArtifact(request);

  const base = `http://${registry.host}/v2/library/iris`;
  const byTag = await fetch(`${base}/manifests/v1`, {
    headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
  });
  const text = await byTag.text();
  expect(sha256(text)).toBe(pushed.digest);
  expect(pushed.uri).toBe(`oci://${registry.host}/library/iris@${pushed.digest}`);
  expect(JSON.parse(text)).toMatchObject({
    artifactType: 'application/vnd.cncf.model.manifest.v1+json',
    config: { mediaType: 'application/vnd.cncf.model.config.v1+json' },
    layers: [
      {
        mediaType: 'application/vnd.cncf.model.weight.v1.raw',
        size: 100_000,
        annotations: { 'org.cncf.model.filepath': 'model.onnx' },
      },
      { mediaType: 'application/vnd.cncf.model.weight.config.v1.raw' },
      { mediaType: 'application/vnd.cncf.model.doc.v1.raw' },
    ],
  });
  const blob = await fetch(`${base}/blobs/${sha256(Buffer.alloc(100_000, 7))}`);
  expect(Buffer.from(await blob.arrayBuffer()).equals(Buffer.alloc(100_000, 7))).toBe(true);

  expect(await pushArtifact(request)).toEqual(pushed);
});

test('a registry that asks for a login takes the push with it and refuses it without', async () => {
  // bcrypt of "secret" for user "team".
  const guarded = await startRegistry({
    htpasswd: 'team:$2a$04$sI8NG4YGSmUyoh32UGUNX.7CVbx6yPdj.NQHJBF3ik9e2QoB98vRO\n',
  });
  try {
    const request = {
      registry: guarded.host,
      repository: 'private/iris',
      tag: 'v1',
      files: [{ name: 'model.onnx', bytes: Buffer.from('x') }],
      insecure: true,
    };
    await expect(pushArtifact(request)).rejects.toMatchObject({ reason: 'RegistryForbidden', retryable: false });
    const credentials = { byRegistry: { [guarded.host]: { username: 'team', password: 'secret' } } };
    expect((await pushArtifact({ ...request, credentials })).digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  } finally {
    await guarded.stop();
  }
});
