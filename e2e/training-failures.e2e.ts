import { beforeAll, expect, test } from '@jest/globals';
import { apply, condition, eventually, get, kubectl, list, untilCondition, type Live } from './cluster.ts';
import { inNamespace } from './in-namespace.ts';
import { SMALL, TRAINING_JOB, trainingJobs } from './training-jobs.ts';

const NAMESPACE = inNamespace('e2e-training-failures');
const { job, python } = trainingJobs(NAMESPACE);
const DATA = 'oci://aimass-registry.aimass-system.svc:5000/data';

const iris = [{ name: 'train', uri: `${DATA}/iris:1` }];
const recipe = { name: 'tabular-classification', options: { model: 'logistic' } };
const publish = { model: { name: 'never' } };

const messageOf = (object: Live): string => condition(object, 'Ready')?.message ?? '';

const failures = [
  {
    name: 'no-data',
    manifest: job('no-data', { recipe, data: [{ name: 'train', uri: `${DATA}/nothing:1` }], prepare: { target: 'x' } }),
    reason: 'SourceNotFound',
    says: 'nothing',
  },
  {
    name: 'wrong-digest',
    manifest: job('wrong-digest', {
      recipe,
      data: [{ name: 'train', uri: `${DATA}/iris:1`, sha256: 'a'.repeat(64) }],
      prepare: { target: 'species' },
    }),
    // A registry finds by digest: there is no such artifact.
    reason: 'SourceNotFound',
    says: 'aaaa',
  },
  {
    name: 'no-column',
    manifest: job('no-column', { recipe, data: iris, prepare: { target: 'colour' } }),
    reason: 'ColumnMissing',
    says: 'species',
  },
  {
    name: 'below-threshold',
    manifest: job('below-threshold', {
      recipe,
      data: iris,
      prepare: { target: 'species' },
      evaluation: { thresholds: [{ metric: 'accuracy', min: 1.5 }] },
      publish,
    }),
    reason: 'ThresholdNotMet',
    says: '1.5',
  },
  {
    name: 'no-output',
    manifest: python('no-output', ['print("done")'], { publish, task: 'custom' }),
    reason: 'OutputMissing',
    says: '/aimass/output',
  },
  {
    name: 'not-a-model',
    manifest: python('not-a-model', ['open("/aimass/output/model.onnx", "w").write("<html>")'], {
      publish,
      task: 'custom',
    }),
    reason: 'OutputInvalid',
    says: 'model.onnx',
  },
  {
    name: 'a-bug',
    manifest: python('a-bug', ['raise ValueError("the third layer is missing")']),
    reason: 'ProgramFailed',
    says: 'the third layer is missing',
  },
  {
    name: 'too-big',
    manifest: python('too-big', ['x = bytearray(400 * 2**20); print(len(x))'], {
      workers: { resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '128Mi' } } },
    }),
    reason: 'OutOfMemory',
    says: '128Mi',
  },
  {
    name: 'never-ends',
    manifest: python('never-ends', ['import time; time.sleep(3600)'], { deadline: '15s' }),
    reason: 'DeadlineExceeded',
    says: '15s',
  },
  {
    name: 'all-trials-fail',
    manifest: python('all-trials-fail', ['raise SystemExit(3)'], {
      search: {
        algorithm: 'random',
        objective: { metric: 'loss', goal: 'minimize' },
        parameters: [{ name: 'x', type: 'float', min: 0, max: 1 }],
        maxTrials: 3,
        maxFailedTrials: 1,
      },
    }),
    reason: 'AllTrialsFailed',
    says: 'x',
  },
];

// All at once: they fail side by side.
beforeAll(() => apply(...failures.map(({ manifest }) => manifest)));

test.each(failures)('$name is $reason, and nothing is published', async ({ name, reason, says }) => {
  const failed = await untilCondition(TRAINING_JOB, name, {
    namespace: NAMESPACE,
    status: 'False',
    reason,
    seconds: 240,
  });
  expect(messageOf(failed)).toContain(says);
  expect(condition(failed, 'Stalled')?.status).toBe('True');
  expect(failed.status).not.toHaveProperty('artifact');
  expect(await get('model.aimass.dev', 'never', NAMESPACE)).toBeUndefined();
});

test('an image that does not exist is said in waitingFor', async () => {
  await apply(job('no-image', { image: 'localhost/aimass/does-not-exist:1' }));
  const waitingFor = await eventually('a sentence', async () => {
    const said = (await get(TRAINING_JOB, 'no-image', NAMESPACE))?.status?.waitingFor;
    return said?.includes('does-not-exist') ? said : undefined;
  });
  expect(waitingFor).toContain('cannot be pulled');
  await kubectl(['delete', '-n', NAMESPACE, TRAINING_JOB, 'no-image']);
});

test('a million lines do no harm', async () => {
  await apply(python('talkative', ['for i in range(1000000): print("step=%d loss=%f" % (i, 1 / (i + 1)))']));
  const ended = await untilCondition(TRAINING_JOB, 'talkative', { namespace: NAMESPACE });
  expect(JSON.stringify(ended.status).length).toBeLessThan(50_000);
});

test('suspended, it gives its place back; resumed, it goes on', async () => {
  const lines = [
    'import os, time',
    'p = "/aimass/checkpoints/done"',
    'print("goes on" if os.path.exists(p) else "begins")',
    'open(p, "w").write("x")',
    'time.sleep(0 if os.environ.get("AIMASS_PARAMETER_QUICK") == "true" or os.path.exists("/aimass/checkpoints/again") else 600)',
  ];
  const manifest = python('pausing', lines, { workspace: { size: '1Gi' } });
  await apply(manifest);
  const podsOf = () => list('pods', NAMESPACE, 'aimass.dev/training-job=pausing');
  const running = await eventually('a running pod', async () =>
    (await podsOf()).find(({ status }) => (status as { phase?: string } | undefined)?.phase === 'Running'),
  );
  await eventually('its first line', async () =>
    (await kubectl(['logs', '-n', NAMESPACE, running.metadata.name])).includes('begins'),
  );
  await kubectl(['exec', '-n', NAMESPACE, running.metadata.name, '--', 'touch', '/aimass/checkpoints/again']);
  await apply({ ...manifest, spec: { ...manifest.spec, suspend: true } });
  await untilCondition(TRAINING_JOB, 'pausing', { namespace: NAMESPACE, reason: 'Suspended' });
  await eventually('no pods', async () => (await podsOf()).length === 0);
  await apply({ ...manifest, spec: { ...manifest.spec, suspend: false } });
  await untilCondition(TRAINING_JOB, 'pausing', { namespace: NAMESPACE });
  const [second] = await podsOf();
  expect(await kubectl(['logs', '-n', NAMESPACE, String(second?.metadata.name)])).toContain('goes on');
});

test('deleted in the middle, it takes everything with it', async () => {
  await apply(
    python('going', ['import time; time.sleep(600)'], { workspace: { size: '1Gi' }, workers: { count: 2, ...SMALL } }),
  );
  await eventually(
    'its pods',
    async () => (await list('pods', NAMESPACE, 'aimass.dev/training-job=going')).length === 2,
  );
  await kubectl(['delete', '-n', NAMESPACE, TRAINING_JOB, 'going']);
  await eventually('nothing is left', async () => {
    const kinds = ['pods', 'jobs', 'services', 'configmaps', 'persistentvolumeclaims'];
    const left = await Promise.all(kinds.map((kind) => list(kind, NAMESPACE, 'aimass.dev/training-job=going')));
    return left.flat().length === 0;
  });
});
