import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { parseSettings } from '../../settings.ts';
import { buildStageJob } from './stage-job.ts';
import { stageJobName } from './names.ts';
import { jobOf, planOf, settings, type Written } from './testing.ts';

const image = 'registry.example/team/train:1';
const table: Written = {
  recipe: { name: 'tabular-classification' },
  data: [{ name: 'train', uri: 'https://data.example/a.csv' }],
};

const everything: Written = {
  recipe: { name: 'tabular-classification', options: { model: 'lightgbm' } },
  framework: 'sklearn',
  parameters: { learningRate: 0.1, price: 'a $(HOME)' },
  seed: 7,
  data: [
    {
      name: 'train',
      uri: 's3://bucket/rows/',
      sha256: 'a'.repeat(64),
      credentials: { secretName: 'store' },
      caBundle: { name: 'ca' },
      maxSize: '1Gi',
    },
    { name: 'test', uri: 'pvc://shared/test.tar.gz', unpack: true },
  ],
  prepare: { target: 'label' },
  teacherModel: { name: 'old' },
  evaluation: { thresholds: [{ metric: 'accuracy', min: 0.9 }] },
  publish: {
    optimize: { precision: 'int8' },
    to: 'oci://registry.example/team/digits',
    credentials: { secretName: 'push' },
    caBundle: { name: 'ca' },
    card: { summary: 'Costs $(X).' },
  },
};

const models = {
  teacher: {
    name: 'old',
    uri: 'oci://r.example/old:1',
    digest: `sha256:${'b'.repeat(64)}`,
    credentials: { secretName: 'pull' },
  },
};

const workers = { count: 2, processesPerWorker: 2 };

const search: Written['search'] = {
  objective: { metric: 'accuracy', goal: 'maximize' },
  parameters: [{ name: 'learningRate', type: 'float', min: 0.001, max: 0.1, log: true }],
  maxTrials: 10,
  parallelTrials: 2,
};

const trial = { number: 3, parameters: { learningRate: 0.05 } };

const plans = {
  'own-image': planOf({ image, args: ['--lr=$(parameters.lr)'], parameters: { lr: 0.1 } }),
  'own-code': planOf({
    framework: 'tensorflow',
    command: ['python3', 'train.py', '$(parameters.lr)'],
    code: { configMap: { name: 'code' } },
    env: [
      { name: 'HOME', value: '/aimass/code' },
      { name: 'TOKEN', secretKeyRef: { name: 'hub', key: 'token' } },
    ],
    deadline: '2h',
    workspace: { size: '1Gi' },
  }),
  recipe: planOf(table),
  elastic: planOf({
    image,
    framework: 'pytorch',
    workers: {
      ...workers,
      minCount: 1,
      accelerator: { resourceName: 'nvidia.com/gpu', count: 2, product: 'NVIDIA-A10' },
      resources: { requests: { cpu: 2 }, limits: { memory: '8Gi' } },
    },
    queueName: 'gpu',
    placement: { priorityClassName: 'low', nodeSelector: { zone: 'a' } },
  }),
  'workers-on-a-claim': planOf({ image, workers, workspace: {}, framework: 'mxnet' }, { attempt: 2 }),
  horovod: planOf({ image, workers: { count: 2, accelerator: { deviceClass: 'gpu.example' } }, framework: 'horovod' }),
  mpi: planOf({
    image,
    framework: 'caffe',
    command: ['mpirun', 'caffe', 'train', '--solver=$(parameters.solver)'],
    parameters: { solver: 'adam' },
    workers: { count: 2, processesPerWorker: 2 },
  }),
  trial: planOf({ ...table, parameters: { learningRate: 1 }, search }, { trial }),
  prepare: planOf(everything, { stage: 'prepare', models, run: 3, keepRuns: [2, 3] }),
  'evaluate-after-search': planOf({ ...table, search }, { stage: 'evaluate', bestTrial: 3 }),
  convert: planOf(
    { command: ['python3'], framework: 'tensorflow', publish: {} },
    {
      stage: 'convert',
      settings: parseSettings({
        runtimeImage: 'runtime:1',
        imagePullSecrets: ['pull'],
        training: { tensorflowImage: 'toolkit-tensorflow:1' },
      }),
    },
  ),
  publish: planOf(everything, { stage: 'publish' }),
};

describe('buildStageJob', () => {
  test.each(Object.entries(plans))('%s: the manifest is as recorded', (name, plan) => {
    const path = join(import.meta.dirname, 'testdata', `job-${name}.yaml`);
    const text = stringify(buildStageJob(plan), { aliasDuplicateObjects: false, lineWidth: 120 });
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(path, text);
    expect(text).toBe(readFileSync(path, 'utf8'));
  });

  test('only the containers that fetch or push see logins', () => {
    for (const plan of [plans.prepare, plans.publish]) {
      const { containers, initContainers = [] } = buildStageJob(plan).spec.template.spec ?? { containers: [] };
      const holders = [...containers, ...initContainers]
        .filter(({ volumeMounts = [] }) => volumeMounts.some(({ mountPath }) => mountPath === '/credentials'))
        .map(({ name }) => name);
      expect(holders).toEqual(plan.stage === 'prepare' ? ['fetch-train', 'teacher-model'] : ['publish']);
    }
  });

  test.each(Object.entries(plans))('%s: no variable comes twice', (_name, plan) => {
    const names = buildStageJob(plan).spec.template.spec?.containers[0]?.env?.map(({ name }) => name) ?? [];
    expect(new Set(names).size).toBe(names.length);
  });

  test('the name of the last of a thousand workers is still a host name', () => {
    const job = jobOf({ image }, 'j'.repeat(52));
    const name = stageJobName({
      job,
      settings,
      run: 1234,
      stage: 'train',
      trial: { ...trial, number: 1999 },
      attempt: 12,
    });
    expect(`${name}-1023`.length).toBeLessThanOrEqual(63);
    expect(name).toMatch(/-r1234-train-t1999-12$/);
  });

  test('no variable is longer than the kernel takes, with a thousand workers', () => {
    for (const framework of ['tensorflow', 'paddlepaddle'] as const) {
      const job = jobOf({ image, framework, workers: { count: 1024 } }, 'j'.repeat(52));
      const spec = buildStageJob({ ...planOf({ image }), job }).spec.template.spec;
      const longest = Math.max(
        ...(spec?.containers[0]?.env ?? []).map(({ name, value = '' }) => name.length + value.length),
      );
      expect(longest).toBeLessThan(128 * 1024 - 2);
    }
  });
});
