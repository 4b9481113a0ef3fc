import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { apply, condition, eventually, get, kubectl, list, untilCondition } from './cluster.ts';
import type { Live } from './cluster.ts';
import { goldenFrom, hostedModels } from './hosted-models.ts';
import { inNamespace } from './in-namespace.ts';

const NAMESPACE = inNamespace('e2e-models');
const { server, configMap, model } = hostedModels(NAMESPACE);
const iris = readFileSync('library/iris/model.onnx');
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

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

beforeAll(async () => {
  server().publish('/model.onnx', iris);
  server().publish('/not-onnx.onnx', Buffer.from('this is not a model, it is a sentence'));
  await apply(configMap('golden', { 'golden.json': readFileSync('library/iris/golden.json', 'utf8') }));
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
    const { current } = (status ?? {}) as { current: VerifiedRevision };
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
