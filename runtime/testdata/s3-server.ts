import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { Agent } from 'node:https';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { CreateBucketCommand, PutBucketPolicyCommand, PutBucketVersioningCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { programFolder } from '../../hack/local-cluster/processes.ts';
import { makeCertificate } from './certificate.ts';
import { freePort } from './registry.ts';

/** A real S3 store (versitygw over a folder) on a free port, over TLS. */
export interface TestS3 {
  origin: string;
  caFile: string;
  login: { accessKeyId: string; secretAccessKey: string };
  region: string;
  createBucket(name: string, options?: { isPublic?: boolean; isVersioned?: boolean }): Promise<void>;
  put(bucket: string, key: string, body: Uint8Array | string): Promise<{ versionId: string | undefined }>;
  stop(): Promise<void>;
}

const LOGIN = { accessKeyId: 'ada', secretAccessKey: 'lovelace-1815' };
const REGION = 'eu-test-1';

const publicPolicy = (bucket: string) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: `arn:aws:s3:::${bucket}/*` },
      { Effect: 'Allow', Principal: '*', Action: 's3:ListBucket', Resource: `arn:aws:s3:::${bucket}` },
    ],
  });

/** Starts the store, which hack/local-cluster/build.sh tests builds. */
export async function startS3(address = '127.0.0.1'): Promise<TestS3> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'aimass-s3-'));
  const { keyFile, caFile } = makeCertificate(directory, address);
  const port = await freePort();
  await Promise.all(['data', 'meta', 'users', 'versions'].map((name) => mkdir(path.join(directory, name))));
  const arguments_ = ['--port', `${address}:${port}`, '--cert', caFile, '--key', keyFile, '--region', REGION, '--quiet', '--iam-dir', path.join(directory, 'users')];
  const posix = ['posix', '--sidecar', path.join(directory, 'meta'), '--versioning-dir', path.join(directory, 'versions'), path.join(directory, 'data')];
  const child = spawn(path.join(programFolder(), 'versitygw'), [...arguments_, ...posix], {
    stdio: 'ignore',
    env: { ROOT_ACCESS_KEY_ID: LOGIN.accessKeyId, ROOT_SECRET_ACCESS_KEY: LOGIN.secretAccessKey },
  });
  const client = new S3Client({
    endpoint: `https://${address}:${port}`,
    forcePathStyle: true,
    region: REGION,
    // A copy: the library writes into what it is given.
    credentials: { ...LOGIN },
    maxAttempts: 1,
    requestHandler: { httpsAgent: new Agent({ ca: readFileSync(caFile) }) },
  });
  await untilAnswering(() => client.send(new CreateBucketCommand({ Bucket: 'first' })), child);
  return {
    origin: `https://${address}:${port}`,
    caFile,
    login: LOGIN,
    region: REGION,
    createBucket: async (name, { isPublic = false, isVersioned = false } = {}) => {
      await client.send(new CreateBucketCommand({ Bucket: name }));
      const versioning = { Bucket: name, VersioningConfiguration: { Status: 'Enabled' as const } };
      if (isVersioned) await client.send(new PutBucketVersioningCommand(versioning));
      if (isPublic) await client.send(new PutBucketPolicyCommand({ Bucket: name, Policy: publicPolicy(name) }));
    },
    put: async (bucket, key, body) => {
      const { VersionId: versionId } = await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ContentLength: Buffer.byteLength(body) }));
      return { versionId };
    },
    stop: async () => {
      client.destroy();
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function untilAnswering(ask: () => Promise<unknown>, child: ChildProcess): Promise<void> {
  let last: unknown;
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`versitygw ended with ${child.exitCode}`, { cause: last });
    try {
      await ask();
      return;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => {
      setTimeout(resolve, 25);
    });
  }
  throw new Error('versitygw does not answer', { cause: last });
}
