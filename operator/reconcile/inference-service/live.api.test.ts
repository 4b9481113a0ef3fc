import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { parseAllDocuments } from 'yaml';
import type { InferenceService } from '../../../crds/schema/inference-service.ts';
import type { Model } from '../../../crds/schema/model.ts';
import type { Deployment, Pod } from '../../build/inference-service/children.ts';
import type { KubeObject } from '../../kube/cluster.ts';
import { eventually } from '../../kube/testing/api-server.ts';
import { DEPLOYMENT, INFERENCE_SERVICE, MODEL, POD } from './deps.ts';
import { LiveWorld } from './live-world.ts';

const TESTDATA = join(import.meta.dirname, '../../build/inference-service/testdata');
const QUIET_MS = 3000;

let world: LiveWorld;
beforeAll(async () => {
  world = await LiveWorld.start(['team', 'tight', 'scaled', 'ending', 'gpu']);
}, 120_000);
afterAll(() => world?.stop());

const deployment = async (namespace: string): Promise<Deployment> => {
  const found = await world.others.read<Deployment>({ ...DEPLOYMENT, namespace, name: 'digits' });
  if (found === undefined) throw new Error('there is no Deployment');
  return found;
};

const firstPod = (namespace: string): Promise<Pod> =>
  eventually(async () => (await world.others.readAll<Pod>({ ...POD, namespace }))[0]);

/** What the kubelet reports when the golden request was answered. */
const makeReady = (pod: Pod): Promise<Pod> =>
  world.edit(
    pod,
    (copy) => {
      const time = '2026-01-01T00:00:00Z';
      const conditions = ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map((type) => ({
        type,
        status: 'True',
        lastTransitionTime: time,
      }));
      copy.status = { ...copy.status, phase: 'Running', conditions };
    },
    '/status',
  );

describe('on a real API server', () => {
  test('a service becomes Ready within its share of requests, and then there are none', async () => {
    await world.createVerifiedModel('team');
    await world.createService('team');
    const waiting = await world.conditions('team', 'Ready=False Unschedulable, Reconciling=True Unschedulable');
    expect(waiting.status?.waitingFor).toBe('The cluster has no nodes; add one.');
    await makeReady(await firstPod('team'));
    await world.conditions('team', 'Ready=True Serving');
    await sleep(QUIET_MS);
    const before = world.requests('team');
    const patches = before.filter((line) => line.startsWith('patch'));
    expect(patches.filter((line) => !line.endsWith('/status')).sort()).toEqual([
      'patch controllerrevisions',
      'patch deployments',
      'patch networkpolicies',
      'patch services',
    ]);
    // Unschedulable and serving; on a slow machine, starting is reported before them.
    expect(patches.filter((line) => line.endsWith('/status')).length).toBeLessThanOrEqual(3);
    await world.edit<InferenceService & KubeObject>(
      {
        ...INFERENCE_SERVICE,
        kind: 'InferenceService',
        metadata: { name: 'digits', namespace: 'team' },
      } as InferenceService & KubeObject,
      ({ metadata }) => (metadata.annotations = { touched: 'true' }),
    );
    await sleep(QUIET_MS);
    expect(world.requests('team')).toEqual(before);
  });

  test('an edit of the Deployment is reverted', async () => {
    const wanted = (await deployment('team')).spec;
    await world.edit(await deployment('team'), ({ spec }) => Object.assign(spec, { replicas: 3 }));
    await eventually(async () => ((await deployment('team')).spec.replicas === 1 ? true : undefined));
    expect((await deployment('team')).spec).toEqual(wanted);
  });

  test('a Model that flips quickly ends at its last revision', async () => {
    const model = await world.others.read<Model & KubeObject>({ ...MODEL, namespace: 'team', name: 'iris' });
    if (model === undefined) throw new Error('there is no Model');
    for (const content of ['b', 'a', 'c', 'b', 'd']) await world.verifyModel(model, content);
    await eventually(async () => {
      const args = (await deployment('team')).spec.template.spec?.containers[0]?.args ?? [];
      return args.some((arg) => arg.includes('d'.repeat(64))) ? true : undefined;
    });
  });

  test('a quota that refuses the pods is told', async () => {
    const quota = {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'none', namespace: 'tight' },
      spec: { hard: { pods: '0' } },
    };
    await world.create(quota as KubeObject);
    await eventually(async () => {
      const live = await world.others.read<KubeObject & { status?: { hard?: object } }>({
        apiVersion: 'v1',
        kind: 'ResourceQuota',
        namespace: 'tight',
        name: 'none',
      });
      return live?.status?.hard;
    });
    await world.createVerifiedModel('tight');
    await world.createService('tight');
    const service = await world.conditions('tight', 'Ready=False QuotaExceeded, Stalled=True QuotaExceeded');
    expect(service.status?.waitingFor).toMatch(
      /^A quota of the namespace does not allow the pods: exceeded quota: none/,
    );
  });

  test('a quota that refuses one of our objects is told', async () => {
    const quota = {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'services', namespace: 'ending' },
      spec: { hard: { services: '0' } },
    };
    await world.create(quota as KubeObject);
    await eventually(async () => {
      const live = await world.others.read<KubeObject & { status?: { hard?: object } }>({
        apiVersion: 'v1',
        kind: 'ResourceQuota',
        namespace: 'ending',
        name: 'services',
      });
      return live?.status?.hard;
    });
    await world.createVerifiedModel('ending');
    await world.createService('ending');
    const service = await world.conditions('ending', 'Ready=False QuotaExceeded, Stalled=True QuotaExceeded');
    expect(service.status?.waitingFor).toContain('does not allow Service "digits"');
    expect(await world.others.readAll({ ...DEPLOYMENT, namespace: 'ending' })).toEqual([]);
  });

  test('the autoscaler takes the replicas over without a drop', async () => {
    await world.createVerifiedModel('scaled');
    const service = await world.createService('scaled', { replicas: 3 });
    await eventually(async () =>
      (await deployment('scaled').catch(() => undefined))?.spec.replicas === 3 ? true : undefined,
    );
    await world.edit(service, ({ spec }) => {
      delete spec.replicas;
      spec.scaling = { min: 1, max: 9, metric: 'cpu', target: 70 };
    });
    await eventually(() =>
      world.others.read({
        apiVersion: 'autoscaling/v2',
        kind: 'HorizontalPodAutoscaler',
        namespace: 'scaled',
        name: 'digits',
      }),
    );
    expect((await deployment('scaled')).spec.replicas).toBe(3);
    const path = '/apis/apps/v1/namespaces/scaled/deployments/digits/scale';
    const body = {
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name: 'digits', namespace: 'scaled' },
      spec: { replicas: 5 },
    };
    await world.others.api.request({
      verb: 'update',
      method: 'PUT',
      resource: 'deployments',
      path,
      body,
      query: { fieldManager: 'autoscaler' },
    });
    await eventually(async () => ((await ourFields('scaled')).includes('f:replicas') ? undefined : true));
    expect((await deployment('scaled')).spec.replicas).toBe(5);
    await sleep(500);
    expect((await deployment('scaled')).spec.replicas).toBe(5);
  });

  const ourFields = async (namespace: string): Promise<string> => {
    const { metadata } = (await deployment(namespace)) as unknown as {
      metadata: { managedFields: { manager: string; fieldsV1: object }[] };
    };
    return JSON.stringify(
      metadata.managedFields.filter(({ manager }) => manager === 'aimass-operator').map(({ fieldsV1 }) => fieldsV1),
    );
  };

  test('device claims are made, and everything goes with the service', async () => {
    await world.createVerifiedModel('gpu');
    const accelerator = { deviceClass: 'gpu.example.com', count: 2, productLabel: 'nvidia.com/gpu.product' };
    const service = await world.createService('gpu', {
      accelerator,
      cache: { type: 'Claim', size: '1Gi' },
      replicas: 2,
    });
    const kinds = [
      { apiVersion: 'resource.k8s.io/v1', kind: 'ResourceClaimTemplate' },
      { apiVersion: 'apps/v1', kind: 'ControllerRevision' },
      { apiVersion: 'v1', kind: 'PersistentVolumeClaim' },
      { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget' },
      { apiVersion: 'v1', kind: 'Service' },
      DEPLOYMENT,
    ];
    const counts = async (): Promise<string> =>
      (await Promise.all(kinds.map((kind) => world.others.readAll({ ...kind, namespace: 'gpu' }))))
        .map(({ length }) => length)
        .join();
    await eventually(async () => ((await counts()) === '1,1,1,1,1,1' ? true : undefined));
    await world.delete({ ...service, ...service.metadata });
    // The claim is protected by a finalizer until its pods are gone, and there is no kubelet here to end them.
    await eventually(async () => {
      for (const pod of await world.others.readAll<Pod>({ ...POD, namespace: 'gpu' }))
        await world.others.remove(pod).catch(() => undefined);
      return (await counts()) === '0,0,0,0,0,0' ? true : undefined;
    }, 60_000);
  });

  test('a namespace that is deleted takes everything with it', async () => {
    await world.delete({ apiVersion: 'v1', kind: 'Namespace', name: 'scaled' });
    await eventually(
      async () =>
        (await world.others.read({ apiVersion: 'v1', kind: 'Namespace', name: 'scaled' })) === undefined
          ? true
          : undefined,
      60_000,
    );
  });
});

describe('Pod Security restricted and strict field validation', () => {
  const files = readdirSync(TESTDATA).filter((name) => name.endsWith('.yaml'));
  test.each(files)('%s is accepted without a warning', async (file) => {
    const objects = parseAllDocuments(readFileSync(join(TESTDATA, file), 'utf8')).map(
      (document) => document.toJS() as KubeObject,
    );
    for (const object of objects.filter(({ kind }) => kind === 'Deployment')) {
      const { template } = (object as Deployment).spec;
      const { priorityClassName: _none, ...spec } = template.spec ?? { containers: [] };
      const metadata = { labels: template.metadata?.labels, name: 'digits-pod' };
      expect(await dryRun('/api/v1/namespaces/team/pods', { apiVersion: 'v1', kind: 'Pod', metadata, spec })).toEqual({
        status: 201,
        warnings: [],
      });
    }
    for (const object of objects) {
      const { uid: _uid, ownerReferences: _owners, ...metadata } = object.metadata;
      const created = { ...object, metadata: { ...metadata, name: 'dry-run' } };
      expect(await dryRun(pathOf(object), created)).toEqual({ status: 201, warnings: [] });
    }
  });

  const pathOf = ({ apiVersion, kind }: KubeObject): string => {
    const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const plural = kind === 'NetworkPolicy' ? 'networkpolicies' : `${kind.toLowerCase()}s`;
    return `${root}/namespaces/team/${plural}`;
  };

  const dryRun = async (path: string, body: object): Promise<{ status: number; warnings: string[]; text?: string }> => {
    const {
      statusCode,
      headers,
      body: answer,
    } = await request(`${world.plane.url}${path}?dryRun=All&fieldValidation=Strict`, {
      method: 'POST',
      headers: { authorization: `Bearer ${world.plane.adminToken}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      dispatcher: new Agent({ connect: { ca: world.plane.caCertificate } }),
    });
    const text = await answer.text();
    return { status: statusCode, warnings: [headers.warning ?? []].flat(), ...(statusCode === 201 ? {} : { text }) };
  };
});
