import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { apply, condition, untilCondition } from './cluster.ts';
import { goldenFrom, hostedModels } from './hosted-models.ts';
import { inNamespace } from './in-namespace.ts';
import { oneOperatorModel } from './onnx-file.ts';

const NAMESPACE = inNamespace('e2e-bad-models');
const { server, configMap, model } = hostedModels(NAMESPACE);

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

beforeAll(async () => {
  server().publish('/model.onnx', readFileSync('library/iris/model.onnx'));
  server().publish('/diabetes.onnx', readFileSync('library/diabetes/model.onnx'));
  server().publish('/unknown-operator.onnx', oneOperatorModel('NoSuchOperator'));
  server().publish('/external-data.onnx', oneOperatorModel('Add', { weights: '../../../etc/passwd' }));
  server().publish('/root.onnx', oneOperatorModel('Sqrt'));
  server().publish('/not-onnx.onnx', Buffer.from('this is not a model, it is a sentence'));
  const wrong = JSON.parse(readFileSync('library/iris/golden.json', 'utf8')) as {
    examples: { response: { outputs: { data: number[] }[] } }[];
  };
  const firstOutput = wrong.examples[0]?.response.outputs[0];
  if (firstOutput !== undefined) firstOutput.data = firstOutput.data.map((value) => value + 1);
  await apply(
    configMap('golden-wrong', { 'golden.json': JSON.stringify(wrong) }),
    configMap('golden-nan', { 'golden.json': JSON.stringify(NOT_A_NUMBER) }),
    configMap('golden-broken', { 'golden.json': '{"examples": "none"}' }),
  );
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
