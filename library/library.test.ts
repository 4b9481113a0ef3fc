import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { inferenceServiceSpec } from '../crds/schema/inference-service.ts';
import { modelSpec } from '../crds/schema/model.ts';
import type { TestRegistry } from '../runtime/testdata/registry.ts';
import { startRegistry } from '../runtime/testdata/registry.ts';
import type { GoldenCheck } from './check-golden.ts';
import { LIBRARY, readEntries } from './entries.ts';
import { staleFiles } from './generate.ts';
import { pushEntries, selectEntries } from './push.ts';

const entries = await readEntries();
const text = (...parts: string[]) => readFileSync(path.join(LIBRARY, ...parts), 'utf8');

test('the library holds the five data sets that scikit-learn ships', () => {
  expect(entries.map(({ name }) => name)).toEqual(['iris', 'wine', 'breast-cancer', 'diabetes', 'digits']);
});

test('index.json, the manifests and the table in the README are those of the committed models', async () => {
  expect(await staleFiles()).toEqual([]);
});

describe.each(entries)('$name', ({ name, report, digest }) => {
  test.each([
    'model.onnx',
    'golden.json',
    'config.json',
    'card.md',
    'sample-request.json',
    'model.yaml',
    'service.yaml',
  ])('has %s', (file) => expect(existsSync(path.join(LIBRARY, name, file))).toBe(true));

  test('the model is small enough for the repository', () => {
    expect(statSync(path.join(LIBRARY, name, 'model.onnx')).size).toBeLessThan(500_000);
  });

  test('model.yaml is a valid Model, pinned by digest', () => {
    const model = parse(text(name, 'model.yaml'));
    expect(model).toMatchObject({ apiVersion: 'aimass.dev/v1alpha1', kind: 'Model', metadata: { name } });
    expect(modelSpec.parse(model.spec)).toMatchObject({ task: report.task });
    expect(model.spec.source.uri).toMatch(new RegExp(`/library/${name}@${digest}$`));
  });

  test('service.yaml is a valid InferenceService of that model', () => {
    const service = parse(text(name, 'service.yaml'));
    expect(service).toMatchObject({ apiVersion: 'aimass.dev/v1alpha1', kind: 'InferenceService', metadata: { name } });
    expect(inferenceServiceSpec.parse(service.spec)).toMatchObject({ model: { name } });
  });

  test('the sample request asks for one example, in the form of the golden ones', () => {
    const { inputs } = JSON.parse(text(name, 'sample-request.json'));
    const golden = JSON.parse(text(name, 'golden.json')).examples[0].request.inputs;
    expect(inputs).toEqual([{ ...golden[0], data: inputs[0].data }]);
    expect(inputs[0].data).toHaveLength(golden[0].data.length);
  });
});

test('every entry answers its golden examples through the runtime, and they name all its outputs', () => {
  const output = execFileSync(process.execPath, [path.join(LIBRARY, 'check-golden.ts')], { encoding: 'utf8' });
  const checks = JSON.parse(output) as GoldenCheck[];
  expect(checks.map(({ name, problems, unchecked }) => ({ name, problems, unchecked }))).toEqual(
    entries.map(({ name }) => ({ name, problems: [], unchecked: [] })),
  );
  for (const { examples, largestBatch } of checks) {
    expect(examples).toBeGreaterThanOrEqual(5);
    expect(largestBatch).toBeGreaterThan(1);
  }
});

test('entries are selected by name, and a name that is not there is refused', () => {
  expect(selectEntries(entries, ['digits']).map(({ name }) => name)).toEqual(['digits']);
  expect(() => selectEntries(entries, ['digit'])).toThrow('the library has no entry digit; it has iris, wine');
});

describe('pushing to a real registry', () => {
  let registry: TestRegistry;
  beforeAll(async () => {
    registry = await startRegistry();
  });
  afterAll(async () => registry.stop());

  test('every entry can be read back under the digest in its manifest, and a second push says the same', async () => {
    const target = { registry: registry.host, insecure: true };
    const lines = await pushEntries(entries, target);
    expect(await pushEntries(entries, target)).toEqual(lines);
    for (const { name, repository, digest, files } of entries) {
      const manifest = await fetch(`http://${registry.host}/v2/${repository}/manifests/${digest}`, {
        headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
      });
      expect(manifest.headers.get('docker-content-digest')).toBe(digest);
      const model = await fetch(`http://${registry.host}/v2/${repository}/blobs/${files[0]?.digest}`);
      const want = readFileSync(path.join(LIBRARY, name, 'model.onnx'));
      expect(Buffer.from(await model.arrayBuffer()).equals(want)).toBe(true);
    }
  });
});
