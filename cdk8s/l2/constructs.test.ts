import { describe, expect, test } from '@jest/globals';
import { App, ApiObject, Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { KubeModel } from '../l1/kube-model.ts';
import { InferenceService } from './inference-service.ts';
import { Model } from './model.ts';
import { TrainingJob } from './training-job.ts';

const synth = (add: (chart: Chart) => unknown): string => {
  const app = new App();
  add(new Chart(app, 'chart', { namespace: 'team-a' }));
  return app.synthYaml();
};

const DIGEST = 'a'.repeat(64);
const configMap = (scope: Construct, name: string) =>
  new ApiObject(scope, name, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: {} });

const digits = (chart: Construct) =>
  Model.fromOci(chart, 'digits', {
    task: 'image-classification',
    artifact: `registry.example/digits@sha256:${DIGEST}`,
  });

describe('synthesised YAML', () => {
  test('a model in a registry, with everything', () => {
    const yaml = synth((chart) => {
      Model.fromOci(chart, 'digits', {
        task: 'image-classification',
        artifact: 'registry.example/team/digits:1.0',
        sha256: DIGEST,
        card: { summary: 'Reads digits.', license: 'Apache-2.0', tags: ['vision'] },
        metadata: { labels: { tier: 'shared' } },
      })
        .verifyAgainst(configMap(chart, 'golden'), 'examples.json')
        .keepVerified('24h')
        .answersWithin(50)
        .fitsInto('512Mi')
        .verifyWith({ requests: { cpu: '500m' } })
        .logInWith('login')
        .trusting('our-ca')
        .noLargerThan('2Gi');
    });
    expect(yaml).toMatchSnapshot();
  });

  test('a model that a training makes, after it', () => {
    const yaml = synth((chart) => {
      const job = TrainingJob.fromRecipe(chart, 'train', { name: 'tabular-classification' }).onData(
        's3://data/churn.csv',
      );
      Model.fromTrainingJob(chart, 'churn', { task: 'tabular-classification', job }).keepVerified('24h');
    });
    expect(yaml).toContain('source:\n    trainingJob:\n      name: train\n');
    expect(yaml.indexOf('kind: TrainingJob')).toBeLessThan(yaml.indexOf('kind: Model'));
  });

  test('a training from a recipe, with everything', () => {
    const yaml = synth((chart) => {
      TrainingJob.fromRecipe(chart, 'churn', { name: 'tabular-classification', options: { model: 'lightgbm' } })
        .onData('s3://data/churn.csv', { sha256: DIGEST })
        .predicting('churned', { split: { test: 0.2 } })
        .onWorkers(2, { resources: { requests: { cpu: 1 } } })
        .withGpu()
        .searching(
          { metric: 'val_auc', goal: 'maximize' },
          [{ name: 'l2', type: 'float', min: 0.001, max: 10, log: true }],
          { maxTrials: 20, parallelTrials: 4 },
        )
        .reaching({ metric: 'auc', min: 0.8 })
        .reaching({ metric: 'logLoss', max: 0.5 })
        .asModel('churn')
        .optimizing({ precision: 'int8' })
        .every('0 3 * * 1', { timeZone: 'Europe/Paris' })
        .inQueue('research');
    });
    expect(yaml).toMatchSnapshot();
  });

  test('a training with a program, from one Model and taught by another', () => {
    const yaml = synth((chart) => {
      const base = Model.fromOci(chart, 'zoo', { task: 'custom', artifact: 'registry.example/zoo:1' });
      TrainingJob.fromProgram(chart, 'tuned', {
        command: ['torchrun', 'train.py'],
        code: configMap(chart, 'train-code'),
        framework: 'pytorch',
      })
        .withParameters({ epochs: 3 })
        .startingFrom(base)
        .learningFrom('teacher')
        .suspended();
    });
    expect(yaml).toMatchSnapshot();
  });

  test('a training that is neither is refused while it is synthesised', () => {
    expect(() => synth((chart) => new TrainingJob(chart, 'nothing', { spec: {} }))).toThrow(
      'give either a recipe, or an image or command of your own',
    );
  });

  test('a model behind https', () => {
    const url = 'https://models.example/digits.onnx';
    expect(synth((chart) => Model.fromUrl(chart, 'digits', { task: 'custom', url, sha256: DIGEST }))).toMatchSnapshot();
  });

  test('a model on a claim', () => {
    const yaml = synth((chart) => {
      const claim = new ApiObject(chart, 'z-claim', {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: 'models' },
      });
      Model.fromClaim(chart, 'digits', { task: 'custom', claim, path: '/digits/model.onnx' });
    });
    expect(yaml).toMatchSnapshot();
  });

  test('a service with a GPU, a shared cache and placement', () => {
    const yaml = synth((chart) =>
      InferenceService.serving(chart, 'digits-service', digits(chart))
        .withReplicas(2)
        .withGpu(1, { product: 'NVIDIA-A10' })
        .withResources({ requests: { cpu: '2', memory: '4Gi' }, limits: { memory: '8Gi' } })
        .cacheOnClaim({ size: '20Gi', accessMode: 'ReadWriteMany' })
        .onNodesWith({ zone: 'a' })
        .tolerating({ key: 'nvidia.com/gpu', operator: 'Exists' })
        .tolerating({ key: 'spot', value: 'true' })
        .withAffinity({ podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [] } })
        .withPriority('high')
        .surgingBy(0),
    );
    expect(yaml).toMatchSnapshot();
  });

  test.each([
    { name: 'scaled on cpu', change: (it: InferenceService) => it.scaleBetween(1, 5).onCpu(60) },
    { name: 'scaled on memory', change: (it: InferenceService) => it.scaleBetween(2, 5).onMemory(80) },
    { name: 'scaled on what is the default', change: (it: InferenceService) => it.scaleBetween(2, 4) },
    { name: 'suspended', change: (it: InferenceService) => it.suspended() },
    { name: 'on slices of a GPU', change: (it: InferenceService) => it.withGpuSlice('1g.10gb', 2) },
    { name: 'on devices of a class', change: (it: InferenceService) => it.withDevice('gpu.nvidia.com') },
    { name: 'with the model in each pod', change: (it: InferenceService) => it.cacheInPod() },
    { name: 'with the model as an image', change: (it: InferenceService) => it.cacheAsImage() },
  ])('a service $name', ({ change }) => {
    expect(synth((chart) => change(InferenceService.serving(chart, 'service', 'digits')))).toMatchSnapshot();
  });

  test('the same app gives the same bytes', () => expect(synth(digits)).toBe(synth(digits)));

  test('a model comes before the service that refers to it, whatever the order of construction', () => {
    const yaml = synth((chart) => {
      const service = InferenceService.serving(chart, 'a-service', 'digits');
      service.node.addDependency(digits(chart));
    });
    expect(yaml.indexOf('kind: Model')).toBeLessThan(yaml.indexOf('kind: InferenceService'));
  });
});

describe('what the API server would refuse is refused while synthesising', () => {
  test.each([
    {
      name: 'a source without tag',
      add: (chart: Chart) => Model.fromOci(chart, 'digits', { task: 'custom', artifact: 'registry.example/digits' }),
      want: '[chart/digits/Default] Model "digits": spec.source.uri: an oci URI names a registry, a lower-case repository, and a tag or digest',
    },
    {
      name: 'a name that no Service can have',
      add: (chart: Chart) => InferenceService.serving(chart, '1st', 'digits'),
      want: 'InferenceService "1st": metadata.name must begin with a lower-case letter',
    },
    {
      name: 'replicas and scaling',
      add: (chart: Chart) => InferenceService.serving(chart, 's', 'digits').withReplicas(1).scaleBetween(1, 2),
      want: 'InferenceService "s": spec: give either replicas or scaling, not both',
    },
    {
      name: 'a quantity that is none',
      add: (chart: Chart) => digits(chart).fitsInto('much'),
      want: 'Model "digits": spec.verification.limits.memory: must be a quantity such as 500m, 2 or 512Mi',
    },
    {
      name: 'a field that does not exist, past the types',
      add: (chart: Chart) =>
        new KubeModel(chart, 'm', {
          metadata: { name: 'm' },
          spec: { task: 'custom', source: Object.assign({ uri: 'https://h/x' }, { url: 'x' }) },
        }),
      want: 'Model "m": spec.source: Unrecognized key: "url"',
    },
  ])('$name', ({ add, want }) => expect(() => synth(add)).toThrow(want));

  test('a target without limits to scale between', () => {
    expect(() => synth((chart) => InferenceService.serving(chart, 's', 'm').onCpu(50))).toThrow(
      'call scaleBetween(min, max)',
    );
  });
});
