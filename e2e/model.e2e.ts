import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  apply,
  condition,
  createNamespace,
  environment,
  eventually,
  get,
  kubectl,
  list,
  untilCondition,
} from './cluster.ts';
import type { Live } from './cluster.ts';
import { startHostileServer } from './hostile-server.ts';
import type { HostileServer } from './hostile-server.ts';
import { oneOperatorModel } from './onnx-file.ts';

const NAMESPACE = 'e2e-models';
const iris = readFileSync('library/iris/model.onnx');
const irisGolden = readFileSync('library/iris/golden.json', 'utf8');
const diabetes = readFileSync('library/diabetes/model.onnx');
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The square root of -1 is not a number, and nothing equals that. */
const NOT_A_NUMBER = {
  examples: [
    {
      name: 'minus one',
      request: { inputs: [{ name: 'x', shape: [1], datatype: 'FP32', data: [-1] }] },
      response: { outputs: [{ name: 'y', shape: [1], datatype: 'FP32', data: [0] }] },
    },
  ],
};

let server: HostileServer;
let namespace: Awaited<ReturnType<typeof createNamespace>>;

const configMap = (name: string, data: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: NAMESPACE },
  data,
});

/** A Model that takes `path` from the server. */
const model = (name: string, path: string, extra: Record<string, unknown> = {}) => ({
  apiVersion: 'aimass.dev/v1alpha1',
  kind: 'Model',
  metadata: { name, namespace: NAMESPACE },
  spec: {
    task: 'tabular-classification',
    source: { uri: `${server.url}${path}`, caBundle: { name: 'ca' }, maxSize: '8Mi' },
    ...extra,
  },
});

interface VerifiedRevision {
  opset: number;
  parameterCount: number;
  report: {
    golden: { total: number; passed: number };
    latencyMs: { p50: number; p99: number };
    memoryBytes: number;
    loadSeconds: number;
    maxRequestsPerSecond: number;
  };
}

const goldenFrom = (name: string) => ({ verification: { golden: { configMap: { name } } } });

beforeAll(async () => {
  server = await startHostileServer(environment.hostAddress());
  server.publish('/model.onnx', iris);
  server.publish('/diabetes.onnx', diabetes);
  server.publish('/unknown-operator.onnx', oneOperatorModel('NoSuchOperator'));
  server.publish('/external-data.onnx', oneOperatorModel('Add', { weights: '../../../etc/passwd' }));
  server.publish('/root.onnx', oneOperatorModel('Sqrt'));
  server.publish('/not-onnx.onnx', Buffer.from('this is not a model, it is a sentence'));
  namespace = await createNamespace(NAMESPACE);
  const wrong = JSON.parse(irisGolden) as { examples: { response: { outputs: { data: number[] }[] } }[] };
  const firstOutput = wrong.examples[0]?.response.outputs[0];
  if (firstOutput !== undefined) firstOutput.data = firstOutput.data.map((value) => value + 1);
  await apply(
    configMap('ca', { 'ca.crt': server.ca }),
    configMap('golden', { 'golden.json': irisGolden }),
    configMap('golden-wrong', { 'golden.json': JSON.stringify(wrong) }),
    configMap('golden-nan', { 'golden.json': JSON.stringify(NOT_A_NUMBER) }),
    configMap('golden-broken', { 'golden.json': '{"examples": "none"}' }),
  );
});

afterAll(async () => {
  await namespace?.remove();
  await server?.close();
});

describe('a good model', () => {
  test('is fetched over https, checked, run and measured', async () => {
    await apply(model('good', '/model.onnx', { sha256: sha256(iris), ...goldenFrom('golden') }));
    const { status } = await untilCondition('model.aimass.dev', 'good', { namespace: NAMESPACE });
    expect(status).toMatchObject({
      current: {
        digest: `sha256:${sha256(iris)}`,
        sizeBytes: iris.length,
        format: 'onnx',
        inputs: [{ name: 'features', datatype: 'FP32', shape: [-1, 4] }],
        report: { golden: { source: 'ConfigMap' } },
      },
      history: [{ outcome: 'Verified' }],
    });
    const { current } = status as unknown as { current: VerifiedRevision };
    expect(current.opset).toBeGreaterThan(8);
    expect(current.parameterCount).toBeGreaterThan(10);
    const { golden, latencyMs, memoryBytes, loadSeconds, maxRequestsPerSecond } = current.report;
    expect(golden.total).toBeGreaterThan(0);
    expect(golden.passed).toBe(golden.total);
    expect(latencyMs.p99).toBeGreaterThanOrEqual(latencyMs.p50);
    for (const figure of [latencyMs.p50, memoryBytes, loadSeconds, maxRequestsPerSecond])
      expect(figure).toBeGreaterThan(0);
  });

  test('without golden examples is run on generated input, and the report says so', async () => {
    await apply(model('ungolden', '/model.onnx'));
    const { status } = await untilCondition('model.aimass.dev', 'ungolden', { namespace: NAMESPACE });
    expect(status).toMatchObject({ current: { report: { golden: { source: 'Generated' } } } });
  });

  test('is downloaded with the login of a Secret', async () => {
    await apply(
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'login', namespace: NAMESPACE },
        stringData: { username: 'ada', password: 'lovelace' },
      },
      model('private', '/private/model.onnx', { credentials: { secretName: 'login' } }),
      model('private-without-login', '/private/model.onnx'),
    );
    await untilCondition('model.aimass.dev', 'private', { namespace: NAMESPACE });
    await untilCondition('model.aimass.dev', 'private-without-login', {
      namespace: NAMESPACE,
      status: 'False',
      reason: 'SourceForbidden',
    });
  });

  test('is taken from a volume claim', async () => {
    await apply(
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: 'models', namespace: NAMESPACE },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
      },
      { ...configMap('model-file', {}), data: undefined, binaryData: { 'model.onnx': iris.toString('base64') } },
      copyPod(),
    );
    await eventually(
      'the copy is done',
      async () => (await get('pod', 'copy', NAMESPACE))?.status?.phase === 'Succeeded',
    );
    const spec = { source: { uri: 'pvc://models/team/model.onnx' }, sha256: sha256(iris) };
    await apply(model('from-claim', '/unused', spec));
    await untilCondition('model.aimass.dev', 'from-claim', { namespace: NAMESPACE });
  });
});

describe('a bad model is refused with its cause', () => {
  const bad = [
    {
      name: 'wrong-digest',
      path: '/model.onnx',
      extra: { sha256: 'a'.repeat(64) },
      reason: 'DigestMismatch',
      says: 'aaaa',
    },
    { name: 'missing', path: '/missing.onnx', reason: 'SourceNotFound', says: '404' },
    { name: 'forbidden', path: '/forbidden.onnx', reason: 'SourceForbidden', says: '403' },
    { name: 'redirects', path: '/loop.onnx', reason: 'SourceRedirectLoop', says: 'redirect' },
    { name: 'endless', path: '/endless.onnx', reason: 'SourceTooLarge', says: 'maxSize' },
    { name: 'empty', path: '/empty.onnx', reason: 'EmptyFile', says: 'empty' },
    { name: 'web-page', path: '/page.onnx', reason: 'ArtifactInvalid', says: 'web page' },
    { name: 'truncated', path: '/truncated.onnx', reason: 'NotOnnx', says: '' },
    { name: 'sentence', path: '/not-onnx.onnx', reason: 'NotOnnx', says: '' },
    {
      name: 'unknown-operator',
      path: '/unknown-operator.onnx',
      extra: { task: 'custom' },
      reason: 'UnsupportedOperator',
      says: '',
    },
    {
      name: 'external-data',
      path: '/external-data.onnx',
      extra: { task: 'custom' },
      reason: 'ExternalDataOutside',
      says: '',
    },
    { name: 'wrong-task', path: '/diabetes.onnx', reason: 'TaskMismatch', says: 'tabular-classification' },
    {
      name: 'wrong-answers',
      path: '/model.onnx',
      extra: goldenFrom('golden-wrong'),
      reason: 'GoldenMismatch',
      says: 'is 0 at element 0, want 1',
    },
    {
      name: 'nan-answer',
      path: '/root.onnx',
      extra: { task: 'custom', ...goldenFrom('golden-nan') },
      reason: 'GoldenMismatch',
      says: 'NaN',
    },
    {
      name: 'broken-golden',
      path: '/model.onnx',
      extra: goldenFrom('golden-broken'),
      reason: 'GoldenInvalid',
      says: 'examples',
    },
    {
      name: 'absent-golden',
      path: '/model.onnx',
      extra: goldenFrom('nowhere'),
      reason: 'GoldenMissing',
      says: 'nowhere',
    },
    {
      name: 'too-slow-limit',
      path: '/model.onnx',
      extra: { verification: { limits: { memory: '1Mi' } } },
      reason: 'LimitExceeded',
      says: 'the limit is 1 MiB',
    },
  ];

  beforeAll(() => apply(...bad.map(({ name, path, extra }) => model(name, path, extra))));

  test.each(bad)('$name: $reason', async ({ name, reason, says }) => {
    const object = await untilCondition('model.aimass.dev', name, {
      namespace: NAMESPACE,
      status: 'False',
      reason,
      seconds: 300,
    });
    expect(condition(object, 'Ready')?.message).toContain(says);
    expect(object.status?.current).toBeUndefined();
  });
});

describe('a change', () => {
  test('is verified as a candidate; a bad one leaves the current revision', async () => {
    await apply(model('changing', '/model.onnx'));
    const before = await untilCondition('model.aimass.dev', 'changing', { namespace: NAMESPACE });
    await apply(model('changing', '/not-onnx.onnx'));
    const after = await untilCondition('model.aimass.dev', 'changing', {
      namespace: NAMESPACE,
      status: 'False',
      reason: 'NotOnnx',
    });
    expect(after.status?.current).toEqual(before.status?.current);
    expect(condition(after, 'Stalled')?.status).toBe('True');
    await apply(model('changing', '/model.onnx'));
    const back = await untilCondition('model.aimass.dev', 'changing', { namespace: NAMESPACE });
    expect(back.status?.candidate).toBeUndefined();
  });

  test('verification.every verifies again without a moment of not being ready', async () => {
    await apply(model('maintained', '/model.onnx', { verification: { every: '10s' } }));
    const first = await untilCondition('model.aimass.dev', 'maintained', { namespace: NAMESPACE });
    const verifiedAt = (object: Live | undefined) =>
      (object?.status?.current as { verifiedAt?: string } | undefined)?.verifiedAt;
    await eventually('a second verification', async () => {
      const now = await get('model.aimass.dev', 'maintained', NAMESPACE);
      expect(condition(now, 'Ready')?.status).toBe('True');
      return verifiedAt(now) !== verifiedAt(first);
    });
  });
});

describe('verification pods', () => {
  test('carry no API token and see the Secret in the downloading container only', async () => {
    await apply(model('inspected', '/private/model.onnx', { credentials: { secretName: 'login' } }));
    const pod = await eventually(
      'a verification pod',
      async () => (await list('pods', NAMESPACE, 'aimass.dev/model=inspected'))[0],
    );
    const spec = pod.spec as {
      automountServiceAccountToken: boolean;
      containers: { volumeMounts: { mountPath: string }[] }[];
    };
    expect(spec.automountServiceAccountToken).toBe(false);
    const mounts = spec.containers.flatMap(({ volumeMounts }) => volumeMounts.map(({ mountPath }) => mountPath));
    expect(mounts).not.toContain('/credentials');
  });

  test('nothing is left behind when the models are deleted', async () => {
    await kubectl(['delete', 'models.aimass.dev', '--all', '-n', NAMESPACE, '--wait=true']);
    await eventually('no jobs and pods', async () => {
      const left = [
        ...(await list('jobs', NAMESPACE)),
        ...(await list('pods', NAMESPACE, 'app.kubernetes.io/managed-by=aimass-operator')),
      ];
      return left.length === 0;
    });
  });
});

/** Copies the model from a ConfigMap into the claim; runs the serving image because no other is at hand. */
function copyPod() {
  const secure = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
  const script =
    "const fs=require('fs');fs.mkdirSync('/claim/team',{recursive:true});fs.copyFileSync('/file/model.onnx','/claim/team/model.onnx')";
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'copy', namespace: NAMESPACE },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 65532,
        fsGroup: 65532,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      volumes: [
        { name: 'claim', persistentVolumeClaim: { claimName: 'models' } },
        { name: 'file', configMap: { name: 'model-file' } },
      ],
      containers: [
        {
          name: 'copy',
          image: process.env.AIMASS_E2E_RUNTIME_IMAGE,
          imagePullPolicy: 'IfNotPresent',
          command: ['node', '-e', script],
          securityContext: secure,
          volumeMounts: [
            { name: 'claim', mountPath: '/claim' },
            { name: 'file', mountPath: '/file' },
          ],
        },
      ],
    },
  };
}
