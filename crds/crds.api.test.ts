import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { startControlPlane, type ControlPlane } from '../hack/local-cluster/control-plane.ts';
import { programPath } from '../hack/local-cluster/processes.ts';
import { objectSchema } from './schema/crd.ts';
import { kinds } from './schema/kinds.ts';
import { API_VERSION } from './schema/shared.ts';
import { walkSchema } from './schema/structural.ts';
import { applyCases } from './testdata/apply-cases.ts';

let plane: ControlPlane;

const kubectl = (args: readonly string[], input?: unknown): { ok: boolean; output: string } => {
  const { status, stdout, stderr } = spawnSync(
    programPath('kubectl'),
    [`--kubeconfig=${plane.kubeconfigPath}`, ...args],
    {
      encoding: 'utf8',
      ...(input === undefined ? {} : { input: JSON.stringify(input) }),
    },
  );
  return { ok: status === 0, output: stdout + stderr };
};

const read = (...args: readonly string[]): Record<string, unknown> =>
  JSON.parse(kubectl(['get', ...args, '-o', 'json']).output) as Record<string, unknown>;

const service = (name: string, spec: object) => ({
  apiVersion: API_VERSION,
  kind: 'InferenceService',
  metadata: { name, namespace: 'default' },
  spec: { model: { name: 'digits' }, ...spec },
});

beforeAll(async () => {
  plane = await startControlPlane();
  const applied = kubectl(['apply', '-f', import.meta.dirname]);
  if (!applied.ok) throw new Error(applied.output);
  const established = kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s']);
  if (!established.ok) throw new Error(established.output);
});
afterAll(() => plane.stop());

test('plain kubectl apply of the folder, a second time, changes nothing', () => {
  const { ok, output } = kubectl(['apply', '-f', import.meta.dirname]);
  expect({
    ok,
    changed: output
      .trim()
      .split('\n')
      .filter((line) => !line.endsWith(' unchanged')),
  }).toEqual({ ok: true, changed: [] });
});

test.each(Object.keys(kinds))('%s is structural and its names are accepted', (name) => {
  const { status } = read('crd', name) as { status: { conditions: { type: string; status: string }[] } };
  const verdicts = Object.fromEntries(status.conditions.map((one) => [one.type, one.status]));
  expect(verdicts).toEqual({ Established: 'True', NamesAccepted: 'True' });
});

describe('the API server', () => {
  const rows = applyCases.map((row) => ({ ...row, verdict: row.refusal === undefined ? 'accepts' : 'refuses' }));
  test.each(rows)('$verdict $kind: $name', ({ kind, objectName = 'digits', spec, refusal }) => {
    const manifest = { apiVersion: API_VERSION, kind, metadata: { name: objectName, namespace: 'default' }, spec };
    const { ok, output } = kubectl(['create', '--dry-run=server', '-f', '-'], manifest);
    expect(output).toContain(refusal ?? 'created (server dry run)');
    expect(ok).toBe(refusal === undefined);
  });
});

test('defaults are filled in, and nothing else', () => {
  kubectl(
    ['apply', '-f', '-'],
    service('defaults', { scaling: { max: 3 }, accelerator: { resourceName: 'nvidia.com/gpu' } }),
  );
  expect(read('aisvc', 'defaults').spec).toEqual({
    model: { name: 'digits' },
    scaling: { min: 1, max: 3, metric: 'cpu', target: 70 },
    accelerator: { resourceName: 'nvidia.com/gpu', count: 1, productLabel: 'nvidia.com/gpu.product' },
    suspend: false,
  });
});

/** What the API server fills in until the operator reports. */
const UNREPORTED = {
  observedGeneration: -1,
  conditions: [expect.objectContaining({ type: 'Ready', status: 'Unknown', reason: 'NotReported' })],
};

test('an object that no operator has seen says so, so that no GitOps tool takes it for done', () => {
  kubectl(['apply', '-f', '-'], service('unseen', {}));
  expect(read('aisvc', 'unseen').status).toEqual(UNREPORTED);
});

test('the category and the short names find the objects', () => {
  kubectl(['apply', '-f', '-'], service('found', {}));
  for (const name of ['aimass', 'aisvc', 'inferenceservices.aimass.dev'])
    expect(kubectl(['get', name]).output).toContain('found');
});

test('status is written through its subresource only, and shows in the columns', () => {
  kubectl(['apply', '-f', '-'], service('columns', {}));
  const condition = {
    type: 'Ready',
    status: 'False',
    reason: 'ModelNotFound',
    message: 'No.',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  };
  const status = { conditions: [condition], readyReplicas: 2, url: 'http://columns.default', waitingFor: 'the model' };
  const patch = (...more: string[]) =>
    kubectl(['patch', 'aisvc', 'columns', '--type=merge', '-p', JSON.stringify({ status }), ...more]);
  patch();
  expect(read('aisvc', 'columns').status).toEqual(UNREPORTED);
  expect(patch('--subresource=status').ok).toBe(true);
  const { output } = kubectl(['get', 'aisvc', 'columns', '-o', 'wide']);
  expect(output.split('\n')[0]?.split(/ {2,}/)).toEqual([
    'NAME',
    'MODEL',
    'READY',
    'REASON',
    'READY-PODS',
    'REVISION',
    'URL',
    'WAITING-FOR',
    'AGE',
  ]);
  expect(output).toMatch(/columns +digits +False +ModelNotFound +2 +http:\/\/columns\.default +the model/);
});

describe('kubectl scale', () => {
  test('sets spec.replicas', () => {
    kubectl(['apply', '-f', '-'], service('scaled', { replicas: 1 }));
    expect(kubectl(['scale', 'aisvc', 'scaled', '--replicas=4'])).toEqual({
      ok: true,
      output: 'inferenceservice.aimass.dev/scaled scaled\n',
    });
    expect(read('aisvc', 'scaled').spec).toMatchObject({ replicas: 4 });
  });

  test('is refused with the reason while autoscaling is on', () => {
    kubectl(['apply', '-f', '-'], service('autoscaled', { scaling: { max: 2 } }));
    expect(kubectl(['scale', 'aisvc', 'autoscaled', '--replicas=4']).output).toContain(
      'give either replicas or scaling, not both',
    );
  });
});

test.each(Object.values(kinds))('kubectl explain prints a text for every field of $kind', (definition) => {
  const nodes = [...walkSchema(objectSchema(definition))].filter(({ path }) => /^(spec|status)/.test(path));
  const parents = nodes.filter(({ node }) => (node.properties ?? node.items?.properties) !== undefined);
  const silent = parents
    .map(({ path }) => path.replaceAll(/\[\]|\{\}/g, ''))
    .filter((path) => {
      const { ok, output } = kubectl(['explain', `${definition.plural}.aimass.dev.${path}`]);
      return !ok || output.includes('<no description>') || output.includes('<empty>');
    });
  expect(parents.length).toBeGreaterThan(5);
  expect(silent).toEqual([]);
});
