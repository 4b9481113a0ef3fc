import { KubeConfig } from '@kubernetes/client-node';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '../loop/testing/fake-clock.ts';
import { createConnection, loadKubeConfig } from './connection.ts';

describe('createConnection', () => {
  let folder: string;
  let clock: FakeClock;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'aimass-test-'));
    clock = new FakeClock();
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const configFor = (user: object, cluster: object = {}): KubeConfig => {
    const config = new KubeConfig();
    config.loadFromOptions({
      clusters: [{ name: 'c', server: 'https://api.test:6443/', skipTLSVerify: false, ...cluster }],
      users: [{ name: 'u', ...user }],
      contexts: [{ name: 'x', cluster: 'c', user: 'u' }],
      currentContext: 'x',
    });
    return config;
  };

  test('a client certificate that was renewed on disk gets a new dispatcher, an unchanged one keeps the old', async () => {
    const [certFile, keyFile] = [join(folder, 'cert'), join(folder, 'key')];
    writeFileSync(certFile, 'one');
    writeFileSync(keyFile, 'key');
    const connection = createConnection(configFor({ certFile, keyFile }), clock);
    const first = await connection.credentials();
    await clock.advance(31_000);
    const second = await connection.credentials();
    expect(second.dispatcher).toBe(first.dispatcher);
    writeFileSync(certFile, 'two');
    expect(await connection.credentials()).toBe(second);
    connection.invalidate();
    expect((await connection.credentials()).dispatcher).not.toBe(first.dispatcher);
    await connection.close();
  });

  test('tokens and basic authentication become headers, the server loses its last slash', async () => {
    const connection = createConnection(configFor({ token: 'secret' }), clock);
    expect(connection.server).toBe('https://api.test:6443');
    expect((await connection.credentials()).headers).toEqual({ authorization: 'Bearer secret' });
    const basic = createConnection(configFor({ username: 'a', password: 'b' }), clock);
    expect((await basic.credentials()).headers).toEqual({ authorization: 'Basic YTpi' });
  });

  test('a credential plugin that fails is an error of the one request, and is tried again by the next', async () => {
    const script = join(folder, 'plugin.sh');
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: 'sh', args: [script] };
    const connection = createConnection(configFor({ exec }), clock);
    writeFileSync(script, 'echo no luck >&2; exit 1');
    await expect(connection.credentials()).rejects.toThrow('no luck');
    writeFileSync(script, `echo '{"status":{"token":"from-plugin"}}'`);
    const [one, two] = await Promise.all([connection.credentials(), connection.credentials()]);
    expect(one.headers).toEqual({ authorization: 'Bearer from-plugin' });
    expect(two).toBe(one);
  });

  test('a credential plugin that hangs is given up after 30 s', async () => {
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: 'sleep', args: ['2'] };
    const credentials = createConnection(configFor({ exec }), clock).credentials();
    const failure = credentials.catch((error: unknown) => error);
    await clock.advance(30_000);
    expect(await failure).toMatchObject({ message: 'reading credentials took too long' });
  });

  test('a proxy that is not understood, and a context without a cluster, are said', async () => {
    const connection = createConnection(configFor({}, { proxyUrl: 'socks5://p:1' }), clock);
    await expect(connection.credentials()).rejects.toThrow('only HTTP proxies');
    expect(() => createConnection(new KubeConfig(), clock)).toThrow('has no cluster for context');
  });

  test('a kubeconfig file is read by its path', () => {
    const path = join(folder, 'config');
    writeFileSync(
      path,
      'clusters: [{name: c, cluster: {server: "https://x"}}]\nusers: []\ncontexts: [{name: n, context: {cluster: c}}]\ncurrent-context: n\n',
    );
    expect(loadKubeConfig(path).getCurrentCluster()?.server).toBe('https://x');
  });
});
