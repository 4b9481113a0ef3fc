import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  apply,
  createNamespace,
  environment,
  eventually,
  get,
  killOperators,
  kubectl,
  list,
  untilCondition,
  type Live,
} from './cluster.ts';
import { tutorial, tutorialCode } from './tutorials.ts';

const NAMESPACE = 'e2e-training-life';
const KIND = 'trainingjob.aimass.dev';
const SMALL = { resources: { requests: { cpu: '50m', memory: '64Mi' } } };

const python = (name: string, lines: readonly string[], spec: Record<string, unknown>) => ({
  apiVersion: 'aimass.dev/v1alpha1',
  kind: 'TrainingJob',
  metadata: { name, namespace: NAMESPACE },
  spec: { workers: SMALL, command: ['python3', '-u', '-c', lines.join('\n')], ...spec },
});

/** A program that writes a model, and says that it is so good in each run. */
const model = (accuracy: string) => [
  'import json, os',
  'from sklearn import datasets, linear_model',
  'from skl2onnx import to_onnx',
  'X, y = datasets.load_iris(return_X_y=True)',
  'fitted = linear_model.LogisticRegression(max_iter=200).fit(X, y)',
  'open("/aimass/output/model.onnx", "wb").write(to_onnx(fitted, X[:1].astype("float32"), options={"zipmap": False}).SerializeToString())',
  'run = int(os.environ["AIMASS_RUN"])',
  `json.dump({"accuracy": ${accuracy}}, open("/aimass/output/metrics.json", "w"))`,
];

let namespace: Awaited<ReturnType<typeof createNamespace>>;
beforeAll(async () => {
  namespace = await createNamespace(NAMESPACE);
});
afterAll(() => namespace?.remove());

const ready = (name: string, seconds = 300): Promise<Live> =>
  untilCondition(KIND, name, { namespace: NAMESPACE, seconds });

interface Status {
  run?: { number: number; restarts?: number };
  stages?: { name: string; state: string; reason?: string; attempt?: number }[];
  runs?: { number: number; promoted?: boolean; digest?: string }[];
  artifact?: { run: number; digest: string };
  workers?: { stalled?: string[] };
}
const statusOf = async (name: string): Promise<Status> =>
  ((await get(KIND, name, NAMESPACE))?.status ?? {}) as unknown as Status;

describe('one Model makes another', () => {
  test('fine-tuned from its weights, and distilled from its answers', async () => {
    await apply(...tutorial('fine-tune/job.yaml', NAMESPACE), ...tutorial('distil/job.yaml', NAMESPACE));
    for (const name of ['digits-base', 'digits-tuned', 'digits-small']) {
      await ready(name, 420);
      await untilCondition('model.aimass.dev', name, { namespace: NAMESPACE });
    }
    const base = (await get('model.aimass.dev', 'digits-base', NAMESPACE))?.status as { current: { digest: string } };
    const tuned = await get('model.aimass.dev', 'digits-tuned', NAMESPACE);
    expect(tuned?.status).toMatchObject({
      lineage: { baseModel: { name: 'digits-base', digest: base.current.digest } },
    });
    expect((await get(KIND, 'digits-tuned', NAMESPACE))?.status).toMatchObject({
      compression: { chosen: expect.any(String), candidates: [{ kind: expect.stringContaining('int8') }] },
    });
  });
});

describe('a schedule', () => {
  test('runs again; what is worse is kept, but Models do not follow it', async () => {
    const publish = { model: { name: 'repeated' } };
    const schedule = { cron: '* * * * *' };
    await apply(
      python('repeated', model('0.9 if run == 1 else 0.5'), {
        task: 'tabular-classification',
        publish,
        schedule,
        evaluation: {},
      }),
    );
    const second = await eventually(
      'a second run',
      async () => (await statusOf('repeated')).runs?.find(({ number }) => number === 2),
      { seconds: 300 },
    );
    expect(second).toMatchObject({ promoted: false, digest: expect.stringMatching(/^sha256:/) });
    const { artifact } = await statusOf('repeated');
    expect(artifact?.run).toBe(1);
    await kubectl(['delete', '-n', NAMESPACE, KIND, 'repeated']);
    // The Model outlives the job that made it.
    await untilCondition('model.aimass.dev', 'repeated', { namespace: NAMESPACE });
  });
});

describe('a worker that hangs', () => {
  test('is found by its silence and idleness, named, and started again', async () => {
    const lines = [
      'import os, time',
      'again = os.path.exists("/aimass/checkpoints/once")',
      'open("/aimass/checkpoints/once", "w").write("x")',
      'print("step=1 steps=2 loss=0.5")',
      'time.sleep(0 if again else 3600)',
    ];
    await apply(python('hanging', lines, { workspace: { size: '1Gi' }, stall: { after: '30s', restart: true } }));
    const ended = await ready('hanging');
    expect(ended.status).toMatchObject({ run: { restarts: 1 } });
    const events = await kubectl(['get', 'events', '-n', NAMESPACE, '-o', 'json', '--field-selector=reason=Restarted']);
    expect(events).toContain('A worker hung for longer than spec.stall.after (30s). Worker 0 (pod hanging-');
    expect(events).toContain('It last printed: step=1 steps=2 loss=0.5');
  });
});

describe('a registry that is away', () => {
  const scale = async (replicas: number) => {
    const name = 'deployment/aimass-registry';
    await kubectl(['scale', name, '-n', environment.release(), `--replicas=${replicas}`]);
    if (replicas > 0) await kubectl(['rollout', 'status', name, '-n', environment.release(), '--timeout=120s']);
  };
  afterAll(() => scale(1));

  test('is waited for; nothing is trained again when it is back', async () => {
    await scale(0);
    await apply(python('patient', model('0.9'), { task: 'tabular-classification', publish: {} }));
    await eventually(
      'the reason',
      async () =>
        (await statusOf('patient')).stages?.some(
          ({ name, reason }) => name === 'publish' && reason === 'RegistryUnreachable',
        ),
      { seconds: 300 },
    );
    expect(await statusOf('patient')).not.toHaveProperty('artifact');
    await scale(1);
    const { status } = await ready('patient');
    expect(status).toMatchObject({ artifact: { run: 1, digest: expect.stringMatching(/^sha256:/) } });
    expect((status as unknown as Status).stages?.find(({ name }) => name === 'train')?.attempt).toBe(1);
  });
});

describe('the operator', () => {
  test('may be killed while a job trains', async () => {
    const lines = [
      'import time',
      'for step in range(1, 16):',
      '  print(f"step={step} steps=15 loss={1/step}"); time.sleep(1)',
    ];
    await apply(python('steady', lines, {}));
    await eventually('a running pod', async () =>
      (await list('pods', NAMESPACE, 'aimass.dev/training-job=steady')).some(
        ({ status }) => (status as { phase?: string } | undefined)?.phase === 'Running',
      ),
    );
    await killOperators();
    const { status } = await ready('steady');
    expect(status).toMatchObject({ progress: { percent: 100, step: 15, total: 15 }, run: { number: 1 } });
    expect(await list('jobs', NAMESPACE, 'aimass.dev/training-job=steady')).toHaveLength(1);
  });
});

describe('elastic workers', () => {
  test('go on when one is lost, with no restart of the group', async () => {
    const [job] = tutorial('distributed/job.yaml', NAMESPACE);
    if (job === undefined) throw new Error('the tutorial has no job');
    const workers = { count: 2, minCount: 1, resources: { requests: { cpu: '100m', memory: '256Mi' } } };
    await apply(tutorialCode('digits-ddp-code', 'distributed/train.py', NAMESPACE), {
      ...job,
      metadata: { ...job.metadata, name: 'elastic' },
      spec: { ...job.spec, workers, parameters: { epochs: 60 }, publish: undefined, evaluation: undefined },
    });
    await eventually(
      'a first epoch',
      async () =>
        ((await get(KIND, 'elastic', NAMESPACE))?.status as { progress?: { step?: number } } | undefined)?.progress
          ?.step,
    );
    const pods = await list('pods', NAMESPACE, 'aimass.dev/training-job=elastic,aimass.dev/stage=train');
    const second = pods.find(({ metadata }) => metadata.labels?.['batch.kubernetes.io/job-completion-index'] === '1');
    await kubectl(['delete', 'pod', '-n', NAMESPACE, String(second?.metadata.name), '--grace-period=0', '--force']);
    const ended = await ready('elastic');
    expect((ended.status as unknown as Status).run?.restarts ?? 0).toBe(0);
    expect(await list('jobs', NAMESPACE, 'aimass.dev/training-job=elastic,aimass.dev/stage=train')).toHaveLength(1);
  });
});
