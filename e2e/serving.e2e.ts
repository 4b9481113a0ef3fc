import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  apply,
  clusterAddress,
  condition,
  createNamespace,
  eventually,
  freeze,
  get,
  kubectl,
  list,
  request,
  untilCondition,
} from './cluster.ts';
import { inNamespace } from './in-namespace.ts';
import { goldenExample, libraryManifest, smallService } from './library.ts';
import { startLoad } from './load.ts';

const NAMESPACE = inNamespace('e2e-serving');
const KIND = 'inferenceservice.aimass.dev';
const golden = goldenExample('iris');

const service = (name: string, spec: Record<string, unknown> = {}) =>
  smallService(name, 'iris', { namespace: NAMESPACE, spec });
const ready = (name: string, seconds = 180) => untilCondition(KIND, name, { namespace: NAMESPACE, seconds });
const waitingFor = (name: string, words: RegExp) =>
  eventually(
    `${name} waits for ${String(words)}`,
    async () => words.exec((await get(KIND, name, NAMESPACE))?.status?.waitingFor ?? '')?.[0],
    { seconds: 180, describe: async () => (await get(KIND, name, NAMESPACE))?.status?.waitingFor ?? 'nothing' },
  );
const podsOf = async (name: string) =>
  (await list('pods', NAMESPACE, `aimass.dev/inference-service=${name}`)).filter(
    (pod) => !('deletionTimestamp' in pod.metadata),
  );
const inferUrl = async (name: string) => `http://${await clusterAddress(name, NAMESPACE)}/v2/models/iris/infer`;

beforeAll(async () => {
  await apply(libraryManifest('iris', 'model', { namespace: NAMESPACE }));
  await untilCondition('model.aimass.dev', 'iris', { namespace: NAMESPACE });
});

describe('a served model', () => {
  beforeAll(() => apply(service('plain')));

  test('is Ready after a pod answered the golden request, and answers', async () => {
    const object = await ready('plain');
    expect(object.status).toMatchObject({
      url: `http://plain.${NAMESPACE}.svc`,
      replicas: 1,
      readyReplicas: 1,
      revisions: [{ percent: 100, state: 'Serving' }],
    });
    expect(object.status?.waitingFor).toBeUndefined();
    const answer = await request(await inferUrl('plain'), { id: 'seven', ...golden.request });
    expect(answer).toMatchObject({ status: 200, body: { id: 'seven', model_name: 'iris' } });
    const outputs = (answer.body as { outputs: { name: string; data: number[] }[] }).outputs;
    for (const want of golden.response.outputs) {
      const got = outputs.find(({ name }) => name === want.name);
      want.data.forEach((value, index) => expect(got?.data[index]).toBeCloseTo(value, 3));
    }
  });

  test('has a name of its own in another namespace', async () => {
    const other = await createNamespace('e2e-serving-2');
    await apply(libraryManifest('iris', 'model', { namespace: other.name }), {
      ...service('plain'),
      metadata: { name: 'plain', namespace: other.name },
    });
    await untilCondition(KIND, 'plain', { namespace: other.name });
    await other.remove();
    expect(condition(await get(KIND, 'plain', NAMESPACE), 'Ready')?.status).toBe('True');
  });

  test('shows live figures', async () => {
    const load = startLoad(await inferUrl('plain'), golden.request, { perSecond: 20 });
    await eventually('figures', async () => {
      const figures = (await get(KIND, 'plain', NAMESPACE))?.status?.figures as
        { requestsPerSecond: number; latencyMs?: object } | undefined;
      return figures !== undefined && figures.requestsPerSecond > 1 && figures.latencyMs !== undefined;
    });
    const seen = await load.stop();
    expect(seen.failures).toEqual([]);
  });

  test('applying the same manifest again changes nothing', async () => {
    const before = await get(KIND, 'plain', NAMESPACE);
    await apply(service('plain'));
    const after = await get(KIND, 'plain', NAMESPACE);
    expect(after?.metadata.generation).toBe(before?.metadata.generation);
    expect(await kubectl(['diff', '-f', '-'], JSON.stringify(service('plain')))).toBe('');
  });

  test("a user's edit of our Deployment is taken back; a foreign annotation stays", async () => {
    await kubectl(['annotate', 'deployment', 'plain', '-n', NAMESPACE, 'example.com/owner=ada']);
    await kubectl(['scale', 'deployment', 'plain', '-n', NAMESPACE, '--replicas=3']);
    await eventually(
      'one replica again',
      async () => (await get('deployment', 'plain', NAMESPACE))?.spec.replicas === 1,
    );
    expect((await get('deployment', 'plain', NAMESPACE))?.metadata.annotations).toMatchObject({
      'example.com/owner': 'ada',
    });
  });

  test('kubectl scale, suspend and resume', async () => {
    await ready('plain');
    await kubectl(['scale', KIND, 'plain', '-n', NAMESPACE, '--replicas=2']);
    await eventually('two ready pods', async () => (await get(KIND, 'plain', NAMESPACE))?.status?.readyReplicas === 2);
    await kubectl(['patch', KIND, 'plain', '-n', NAMESPACE, '--type=merge', '-p', '{"spec":{"suspend":true}}']);
    await eventually('no pods', async () => (await podsOf('plain')).length === 0);
    await untilCondition(KIND, 'plain', { namespace: NAMESPACE, reason: 'Suspended' });
    await kubectl([
      'patch',
      KIND,
      'plain',
      '-n',
      NAMESPACE,
      '--type=merge',
      '-p',
      '{"spec":{"suspend":false,"replicas":1}}',
    ]);
    await ready('plain');
  });

  test('a rolling update fails no request', async () => {
    await ready('plain');
    const url = await inferUrl('plain');
    // kube-proxy learns of a ready pod up to a second after the API server does.
    await eventually('an answer through the Service', async () => (await request(url, golden.request)).status === 200);
    const load = startLoad(url, golden.request);
    const before = (await podsOf('plain'))[0]?.metadata.name;
    await apply(service('plain', { resources: { requests: { cpu: '60m', memory: '128Mi' } } }));
    await eventually('another pod serves alone', async () => {
      const pods = await podsOf('plain');
      return pods.length === 1 && pods[0]?.metadata.name !== before;
    });
    await ready('plain');
    const seen = await load.stop();
    expect(seen.failures).toEqual([]);
    expect(seen.answered).toBeGreaterThan(20);
  });

  test('stops being Ready when its pods stop answering, and heals', async () => {
    const { metadata } = await ready('plain');
    for (const pod of await podsOf('plain')) freeze(pod, 'serve');
    await untilCondition(KIND, 'plain', { namespace: NAMESPACE, status: 'False', seconds: 60 });
    const healed = await ready('plain', 240);
    expect(healed.metadata.uid).toBe(metadata.uid);
  });
});

describe('children', () => {
  test('an autoscaler, a disruption budget and a network policy, and none of them after they are no longer wanted', async () => {
    await apply(service('scaled', { scaling: { min: 2, max: 3, metric: 'cpu', target: 80 } }));
    await ready('scaled');
    expect((await get('hpa', 'scaled', NAMESPACE))?.spec).toMatchObject({ minReplicas: 2, maxReplicas: 3 });
    expect(await get('poddisruptionbudget', 'scaled', NAMESPACE)).toBeDefined();
    expect(await get('networkpolicy', 'scaled', NAMESPACE)).toBeDefined();
    await kubectl([
      'patch',
      KIND,
      'scaled',
      '-n',
      NAMESPACE,
      '--type=json',
      '-p',
      '[{"op":"remove","path":"/spec/scaling"}]',
    ]);
    await eventually('no autoscaler', async () => (await get('hpa', 'scaled', NAMESPACE)) === undefined);
    await eventually('one pod', async () => (await get(KIND, 'scaled', NAMESPACE))?.status?.replicas === 1);
    await kubectl(['delete', KIND, 'scaled', '-n', NAMESPACE]);
  });

  test('a cache claim lets the second pod start without a download', async () => {
    await apply(service('cached', { replicas: 1, cache: { type: 'Claim', size: '1Gi' } }));
    await ready('cached');
    await kubectl(['scale', KIND, 'cached', '-n', NAMESPACE, '--replicas=2']);
    await eventually('two ready pods', async () => (await get(KIND, 'cached', NAMESPACE))?.status?.readyReplicas === 2);
    const messages = (await podsOf('cached')).map((pod) => {
      const { initContainerStatuses } = pod.status as {
        initContainerStatuses: { state: { terminated?: { message: string } } }[];
      };
      return JSON.parse(initContainerStatuses[0]?.state.terminated?.message ?? '{}') as { cached: boolean };
    });
    expect(messages.filter(({ cached }) => cached)).toHaveLength(1);
    await kubectl(['delete', KIND, 'cached', '-n', NAMESPACE]);
  });

  test('a Service of somebody else is not taken over', async () => {
    const foreign = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'taken', namespace: NAMESPACE },
      spec: { ports: [{ port: 81 }] },
    };
    await apply(foreign, service('taken'));
    const object = await untilCondition(KIND, 'taken', { namespace: NAMESPACE, status: 'False', reason: 'NameTaken' });
    expect(condition(object, 'Ready')?.message).toContain('taken');
    expect((await get('service', 'taken', NAMESPACE))?.spec.ports).toMatchObject([{ port: 81 }]);
    await kubectl(['delete', KIND, 'taken', '-n', NAMESPACE]);
  });
});

describe('waitingFor says why a service is not there yet', () => {
  const cases = [
    { name: 'no-model', spec: { model: { name: 'nowhere' } }, words: /nowhere/ },
    {
      name: 'no-gpu',
      spec: { accelerator: { resourceName: 'example.com/none', count: 1 } },
      words: /example\.com\/none/,
    },
    {
      name: 'no-product',
      spec: { accelerator: { resourceName: 'nvidia.com/gpu', product: 'NVIDIA-H999' } },
      words: /NVIDIA-H999/,
    },
    { name: 'too-big', spec: { resources: { requests: { memory: '900Gi' } } }, words: /memory/ },
    {
      name: 'killed',
      spec: { resources: { requests: { memory: '10Mi' }, limits: { memory: '30Mi' } } },
      words: /memory/,
    },
  ];
  beforeAll(() => apply(...cases.map(({ name, spec }) => service(name, spec))));
  afterAll(() => kubectl(['delete', KIND, '-n', NAMESPACE, ...cases.map(({ name }) => name)]));

  test.each(cases)('$name', async ({ name, words }) => {
    await waitingFor(name, words);
    expect(condition(await get(KIND, name, NAMESPACE), 'Ready')?.status).toBe('False');
  });

  test('a quota that is used up', async () => {
    const quota = {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'small', namespace: NAMESPACE },
      spec: { hard: { 'requests.memory': '300Mi' } },
    };
    await apply(quota, service('over-quota', { resources: { requests: { cpu: '50m', memory: '280Mi' } } }));
    await waitingFor('over-quota', /quota/i);
    await kubectl(['delete', 'resourcequota', 'small', '-n', NAMESPACE]);
    await ready('over-quota', 240);
    await kubectl(['delete', KIND, 'over-quota', '-n', NAMESPACE]);
  });

  test('the holders of the GPUs', async () => {
    await apply(service('holder', { accelerator: { resourceName: 'nvidia.com/gpu', count: 2 } }));
    await ready('holder');
    await apply(service('late', { accelerator: { resourceName: 'nvidia.com/gpu', count: 1 } }));
    await waitingFor('late', /e2e-serving\/holder/);
    await kubectl(['delete', KIND, 'holder', '-n', NAMESPACE]);
    await ready('late', 240);
    await kubectl(['delete', KIND, 'late', '-n', NAMESPACE]);
  });
});

describe('deletion', () => {
  test('a deleted Model leaves what serves; the service says that it is gone', async () => {
    await apply(
      libraryManifest('iris', 'model', { namespace: NAMESPACE, name: 'doomed' }),
      service('orphan', { model: { name: 'doomed' } }),
    );
    await ready('orphan');
    await kubectl(['delete', 'model.aimass.dev', 'doomed', '-n', NAMESPACE]);
    await eventually('the message names the Model', async () => {
      const object = await get(KIND, 'orphan', NAMESPACE);
      return JSON.stringify(object?.status).includes('doomed') && (await podsOf('orphan')).length === 1;
    });
    expect(
      (await request(`http://${await clusterAddress('orphan', NAMESPACE)}/v2/models/doomed/infer`, golden.request))
        .status,
    ).toBe(200);
  });

  test('a deleted service leaves nothing', async () => {
    await kubectl(['delete', KIND, '--all', '-n', NAMESPACE]);
    await eventually('no children', async () => {
      const kinds =
        'deployments,replicasets,services,hpa,poddisruptionbudgets,networkpolicies,controllerrevisions,persistentvolumeclaims,pods';
      return (await list(kinds, NAMESPACE, 'app.kubernetes.io/managed-by=aimass-operator')).length === 0;
    });
  });
});
