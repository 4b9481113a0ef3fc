import { describe, expect, test } from '@jest/globals';
import { applyCases } from '../testdata/apply-cases.ts';
import { inferenceServiceKind, modelKind, trainingJobKind } from './kinds.ts';
import { checkManifest } from './manifest.ts';

const definitions = { Model: modelKind, InferenceService: inferenceServiceKind, TrainingJob: trainingJobKind };

// The same table runs against a real API server in crds.api.test.ts: both must say the same.
describe('zod agrees with the API server', () => {
  test.each(applyCases)('$kind: $name', ({ kind, objectName = 'digits', spec, refusal }) => {
    const problems = checkManifest(definitions[kind], { metadata: { name: objectName }, spec });
    if (refusal === undefined) expect(problems).toEqual([]);
    else expect(problems).not.toEqual([]);
  });

  test('and gives the rule in the same words', () => {
    const [problem] = checkManifest(modelKind, {
      metadata: { name: 'x' },
      spec: { task: 'custom', source: { uri: 'ftp://b/x' } },
    });
    expect(problem).toBe(
      'spec.source.uri: must begin with https://, oci://, s3://, hf:// or pvc:// and hold no spaces',
    );
  });

  test('a name is checked too', () => {
    expect(checkManifest(inferenceServiceKind, { metadata: { name: '1st' }, spec: { model: { name: 'x' } } })).toEqual([
      expect.stringContaining('metadata.name must begin with a lower-case letter'),
    ]);
  });
});
