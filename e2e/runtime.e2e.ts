import { beforeAll, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { apply, clusterAddress, eventually, insideNetwork, list, request, untilCondition } from './cluster.ts';
import { inNamespace } from './in-namespace.ts';
import { goldenExample, libraryManifest } from './library.ts';
import { startLoad } from './load.ts';

const NAMESPACE = inNamespace('e2e-runtime');
const golden = goldenExample('iris');
let address = '';

const service = {
  apiVersion: 'aimass.dev/v1alpha1',
  kind: 'InferenceService',
  metadata: { name: 'iris', namespace: NAMESPACE },
  spec: {
    model: { name: 'iris' },
    batching: { maxSize: 16 },
    resources: { requests: { cpu: '50m', memory: '128Mi' } },
  },
};

beforeAll(async () => {
  await apply(
    ...['iris', 'digits'].map((entry) => libraryManifest(entry, 'model', { namespace: NAMESPACE })),
    service,
    libraryManifest('digits', 'service', { namespace: NAMESPACE }),
  );
  for (const name of ['iris', 'digits'])
    await untilCondition('inferenceservice.aimass.dev', name, { namespace: NAMESPACE });
  address = await clusterAddress('iris', NAMESPACE);
});

const pod = async (name: string) => (await list('pods', NAMESPACE, `aimass.dev/inference-service=${name}`))[0];
const podAddress = async (name: string) => String((await pod(name))?.status?.['podIP']);

async function callGrpc(
  method: string,
  message: object,
): Promise<{ answer?: Record<string, unknown>; error?: object }> {
  const text = await insideNetwork([
    process.execPath,
    join(import.meta.dirname, 'grpc-call.ts'),
    `${address}:8081`,
    method,
    JSON.stringify(message),
  ]);
  return JSON.parse(text) as { answer?: Record<string, unknown> };
}

test('gRPC is answered at the address that status says', async () => {
  const object = await untilCondition('inferenceservice.aimass.dev', 'iris', { namespace: NAMESPACE });
  expect(object.status).toMatchObject({ grpcUrl: `iris.${NAMESPACE}.svc:8081` });
  const message = {
    model_name: 'iris',
    id: 'over-grpc',
    inputs: [{ name: 'features', datatype: 'FP32', shape: [1, 4], contents: { fp32_contents: [6.3, 2.9, 5.6, 1.8] } }],
  };
  const answer = await eventually('an answer over gRPC', async () => (await callGrpc('ModelInfer', message)).answer);
  expect(answer).toMatchObject({ model_name: 'iris', id: 'over-grpc', outputs: [{ name: 'label' }, {}] });
  expect(await callGrpc('ModelMetadata', { name: 'nobody' })).toMatchObject({ error: { code: 5 } });
});

test('batching of the service reaches the pods', async () => {
  const config = await request(`http://${address}/v2/models/iris/config`);
  expect(config.body).toMatchObject({ dynamic_batching: { preferred_batch_size: [16] } });
});

test('an image is classified in the form that Hugging Face clients know', async () => {
  const url = `http://${await clusterAddress('digits', NAMESPACE)}/models/digits`;
  // The address of a Service answers a moment after its pods are ready.
  const text = await eventually('an answer about the digit', () =>
    insideNetwork([
      'curl',
      '-sS',
      '-m',
      '20',
      '-H',
      'content-type: image/png',
      '--data-binary',
      `@${join(import.meta.dirname, '..', 'library', 'digits', 'sample.png')}`,
      url,
    ]),
  );
  const [best] = JSON.parse(text) as { label: string; score: number }[];
  expect(best).toMatchObject({ label: expect.stringMatching(/^\d$/), score: expect.any(Number) });
});

/** Process ids of the model's processes in the pods of this namespace, as this machine sees them. */
function enginePids(uid: string): number[] {
  const matches = (entry: string): boolean => {
    try {
      const isEngine = readFileSync(`/proc/${entry}/cmdline`, 'utf8').includes('engine-process');
      return isEngine && readFileSync(`/proc/${entry}/cgroup`, 'utf8').replaceAll('_', '-').includes(uid);
    } catch {
      return false; // it has ended meanwhile
    }
  };
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && matches(entry))
    .map(Number);
}

test('a model whose process is killed is back by itself, and its pod is not restarted', async () => {
  const before = await pod('iris');
  const pids = enginePids(before?.metadata.uid ?? '');
  expect(pids).toHaveLength(1);
  const load = startLoad(`http://${address}/v2/models/iris/infer`, golden.request, { perSecond: 20 });
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await eventually('the model is back', async () => {
    const answer = await request(`http://${address}/v2/models/iris/infer`, golden.request);
    return answer.status === 200 && enginePids(before?.metadata.uid ?? '').length === 1;
  });
  const metrics = await insideNetwork(['curl', '-sS', `http://${await podAddress('iris')}:9090/metrics`]);
  expect(metrics).toMatch(/aimass_model_restarts_total\{model="iris",version="1"\} 1\b/);
  await load.stop();
  const after = await pod('iris');
  expect(after?.metadata.uid).toBe(before?.metadata.uid);
  const [status] = (after?.status?.['containerStatuses'] ?? []) as { restartCount: number }[];
  expect(status?.restartCount).toBe(0);
});
