import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startControlPlane, type ControlPlane } from '../../hack/local-cluster/control-plane.ts';
import type { KubeObject } from './cluster.ts';
import type { LiveCluster } from './live-cluster.ts';
import { connectTo, eventually, liveCluster, ownerOf } from './testing/api-server.ts';
import { startFaultProxy, type FaultProxy, type RequestFault, type StreamFault } from './testing/fault-proxy.ts';

const CONFIG_MAP = { apiVersion: 'v1', kind: 'ConfigMap' };
const PATH = '/api/v1/namespaces/default/configmaps';
const half = '{"type":"ADDED","object":{"apiVersion":"v1","kind":"Conf';
const inStream = (code: number, reason: string): string =>
  `${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code, reason, message: 'injected' } })}\n`;

describe('a watch recovers by itself', () => {
  let plane: ControlPlane;
  let proxy: FaultProxy;
  let direct: LiveCluster;
  let watched: LiveCluster;
  let serial = 0;

  const create = (name: string): Promise<KubeObject> =>
    direct.api.request({ verb: 'create', resource: 'test', method: 'POST', path: PATH, body: { metadata: { name } } });
  const destroy = (name: string): Promise<unknown> =>
    direct.api.request({ verb: 'delete', resource: 'test', method: 'DELETE', path: `${PATH}/${name}` });
  const get = (name: string): KubeObject | undefined => watched.get({ ...CONFIG_MAP, namespace: 'default', name });
  const state = (): string | undefined => watched.health()[0]?.state;

  beforeAll(async () => {
    plane = await startControlPlane();
    proxy = await startFaultProxy(plane);
    direct = liveCluster({ connection: connectTo(plane), kinds: [] }).cluster;
  });
  afterAll(async () => {
    await proxy.stop();
    await plane.stop();
  });
  beforeEach(async () => {
    serial += 1;
    watched = liveCluster({
      connection: connectTo(plane, proxy.url),
      kinds: [CONFIG_MAP],
      timing: { silenceMs: 1_000, backoff: { firstMs: 20, maxMs: 200 } },
      requestTimeoutMs: 1_000,
    }).cluster;
    watched.start();
    await watched.settled();
    await eventually(() => (state() === 'watching' ? true : undefined));
  });
  afterEach(async () => {
    proxy.decide = () => undefined;
    await watched.stop();
  });

  test.each<{ name: string; stream: StreamFault; requests?: RequestFault[] }>([
    { name: 'after a clean end', stream: { type: 'end' } },
    { name: 'after a reset in mid-stream', stream: { type: 'reset' } },
    { name: 'from a connection that went silent', stream: { type: 'freeze' } },
    { name: 'after half a line', stream: { type: 'lastBytes', bytes: half } },
    { name: 'after a line that is no JSON', stream: { type: 'lastBytes', bytes: '<html>\n' } },
    { name: 'after 410 in the stream', stream: { type: 'lastBytes', bytes: inStream(410, 'Expired') } },
    { name: 'after 500 in the stream', stream: { type: 'lastBytes', bytes: inStream(500, 'InternalError') } },
    { name: 'after 401 in the stream', stream: { type: 'lastBytes', bytes: inStream(401, 'Unauthorized') } },
    {
      name: 'from 410, 500, 429, 401, 403, 404 and resets in a row',
      stream: { type: 'end' },
      requests: [
        { type: 'answer', code: 410 },
        { type: 'answer', code: 500 },
        { type: 'answer', code: 429 },
        { type: 'answer', code: 401 },
        { type: 'answer', code: 403 },
        { type: 'answer', code: 404 },
        { type: 'reset' },
        { type: 'reset' },
      ],
    },
    { name: 'from a server that hangs', stream: { type: 'reset' }, requests: [{ type: 'hang' }, { type: 'hang' }] },
  ])('$name', async ({ stream, requests = [] }) => {
    const before = await create(`before-${serial}`);
    await eventually(() => get(`before-${serial}`));
    const planned = [...requests];
    proxy.decide = () => planned.shift();
    expect(proxy.breakStreams(stream)).toBe(1);
    await destroy(`before-${serial}`);
    const again = await create(`before-${serial}`);
    await create(`after-${serial}`);
    await eventually(() => get(`after-${serial}`));
    await eventually(() => (get(`before-${serial}`)?.metadata.uid === again.metadata.uid ? true : undefined));
    expect(again.metadata.uid).not.toBe(before.metadata.uid);
    expect(planned).toEqual([]);
    await eventually(() => (state() === 'watching' ? true : undefined));
  });

  test('an object that was deleted and created while nobody watched is told as deleted and added', async () => {
    const name = `unseen-${serial}`;
    await create(name);
    await eventually(() => get(name));
    const told: string[] = [];
    watched.onChange(({ type, object }) => void (object.metadata.name === name && told.push(type)));
    proxy.decide = () => ({ type: 'reset' });
    proxy.breakStreams({ type: 'reset' });
    await destroy(name);
    const second = await create(name);
    const planned: RequestFault[] = [{ type: 'answer', code: 410 }];
    proxy.decide = () => planned.shift();
    await eventually(() => (get(name)?.metadata.uid === second.metadata.uid ? true : undefined));
    expect(told).toEqual(['deleted', 'added']);
  });

  test('a server in trouble is not hammered', async () => {
    proxy.decide = () => ({ type: 'answer', code: 500 });
    proxy.breakStreams({ type: 'reset' });
    const before = proxy.seen.length;
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(proxy.seen.length - before).toBeLessThan(25);
  });

  test('429 is waited out as long as the server says, and the request then succeeds', async () => {
    const planned: RequestFault[] = [{ type: 'answer', code: 429, retryAfterSeconds: 1 }];
    proxy.decide = ({ url }) => (url.includes('/namespaces/kube-system') ? planned.shift() : undefined);
    const started = Date.now();
    expect(await watched.read({ apiVersion: 'v1', kind: 'Namespace', name: 'kube-system' })).toBeDefined();
    expect(Date.now() - started).toBeGreaterThanOrEqual(990);
    expect(proxy.seen.at(-1)?.userAgent).toBe('aimass-operator/0.0.0-test');
  });

  test('a write whose answer got lost does not make a second object, nor an error for long', async () => {
    const parent = await create(`parent-${serial}`);
    const owner = ownerOf({ ...parent, ...CONFIG_MAP });
    const desired = {
      ...CONFIG_MAP,
      metadata: { name: `child-${serial}`, namespace: 'default', ownerReferences: [owner] },
    };
    proxy.decide = ({ method }) => (method === 'PATCH' ? { type: 'loseAnswer' } : undefined);
    await expect(watched.apply(desired)).rejects.toThrow();
    proxy.decide = () => undefined;
    expect(await watched.apply(desired)).toMatchObject({ outcome: 'unchanged' });
  });

  test('a server that hangs fails a request in time', async () => {
    proxy.decide = ({ url }) => (url.includes('/namespaces/kube-system') ? { type: 'hang' } : undefined);
    const reading = watched.read({ apiVersion: 'v1', kind: 'Namespace', name: 'kube-system' });
    await expect(reading).rejects.toThrow('no answer within 1000 ms');
  });
});
