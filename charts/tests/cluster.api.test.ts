import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { startControlPlane, type ControlPlane } from '../../hack/local-cluster/control-plane.ts';
import { programPath } from '../../hack/local-cluster/processes.ts';
import { CHART, helm, renderText, withValues } from './helm.ts';

const REPOSITORY = join(CHART, '..', '..');
const model = {
  apiVersion: 'aimass.dev/v1alpha1',
  kind: 'Model',
  metadata: { name: 'kept', namespace: 'default' },
  spec: { task: 'custom', source: { uri: 'https://example.com/model.onnx' } },
};

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane();
});
afterAll(() => plane.stop());

/** Runs kubectl; gives what it printed and what it warned of. */
function kubectl(args: readonly string[], input = ''): { output: string; warnings: string } {
  const done = spawnSync(programPath('kubectl'), [`--kubeconfig=${plane.kubeconfigPath}`, ...args], {
    encoding: 'utf8',
    input,
  });
  if (done.status !== 0) throw new Error(`kubectl ${args.join(' ')}: ${done.stderr}`);
  return { output: done.stdout, warnings: done.stderr };
}

const helmHere = (args: readonly string[], values?: object): string => {
  const here = [...args, `--kubeconfig=${plane.kubeconfigPath}`];
  return values === undefined ? helm(here) : withValues(values, (flags) => helm([...here, ...flags]));
};

const makeNamespace = (name: string): void => {
  const labels = ['enforce', 'warn'].map((mode) => [`pod-security.kubernetes.io/${mode}`, 'restricted']);
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: Object.fromEntries(labels) } };
  kubectl(['apply', '--server-side', '-f', '-'], JSON.stringify(namespace));
};

interface Crd {
  spec: { versions: { additionalPrinterColumns?: object[] }[] };
}

const crdColumns = (): unknown =>
  (JSON.parse(kubectl(['get', 'crd', 'models.aimass.dev', '-o', 'json']).output) as Crd).spec.versions[0]
    ?.additionalPrinterColumns;

describe('the API server takes every object without a warning', () => {
  const others = {
    watchNamespaces: ['default'],
    operator: {
      tolerations: [{ operator: 'Exists' }],
      extraEnv: [{ name: 'HTTPS_PROXY', value: 'http://proxy:3128' }],
    },
    networkPolicy: { metricsFrom: [{ podSelector: {} }], apiServerCidrs: ['10.0.0.1/32'] },
    registry: { service: { nodePort: 30500 }, auth: { htpasswdSecret: 'login' }, persistence: { enabled: false } },
  };

  test.each([
    { name: 'helm template with the defaults', manifests: () => renderText({}, { namespace: 'strict' }) },
    { name: 'helm template with other values', manifests: () => renderText(others, { namespace: 'strict' }) },
    {
      name: 'deploy/aimass.yaml',
      manifests: () =>
        readFileSync(join(REPOSITORY, 'deploy', 'aimass.yaml'), 'utf8').replaceAll('aimass-system', 'strict'),
    },
  ])('$name', ({ manifests }) => {
    makeNamespace('strict');
    const { output, warnings } = kubectl(
      ['apply', '--server-side', '--dry-run=server', '--validate=strict', '-f', '-'],
      manifests(),
    );
    expect(warnings).toBe('');
    expect(output).toContain('deployment.apps/aimass-operator serverside-applied (server dry run)');
  });
});

describe('one release from install to uninstall', () => {
  let older: string;
  beforeAll(() => {
    older = join(mkdtempSync(join(tmpdir(), 'aimass-chart-')), 'aimass');
    cpSync(CHART, older, { recursive: true });
    const path = join(older, 'files', 'crds', 'aimass.dev_models.yaml');
    const crd = parse(readFileSync(path, 'utf8')) as Crd;
    for (const version of crd.spec.versions) delete version.additionalPrinterColumns;
    writeFileSync(path, stringify(crd));
    makeNamespace('release');
  });
  afterAll(() => rmSync(join(older, '..'), { recursive: true, force: true }));

  test('installs', () => {
    expect(helmHere(['install', 'first', older, '-n', 'release'])).toContain('helm test first -n release');
    expect(crdColumns()).toBeUndefined();
    kubectl(['wait', 'crd/models.aimass.dev', '--for=condition=Established', '--timeout=30s']);
    kubectl(['apply', '-f', '-'], JSON.stringify(model));
  });

  test('an upgrade upgrades the CRDs', () => {
    helmHere(['upgrade', 'first', CHART, '-n', 'release']);
    expect(crdColumns()).toEqual(expect.arrayContaining([expect.objectContaining({ name: 'Ready' })]));
  });

  test('a second upgrade changes nothing', () => {
    const versions = (): string =>
      kubectl(['get', 'deploy,svc,cm,pvc,netpol,pdb,sa,role,rolebinding', '-n', 'release', '-o', 'name']).output;
    const before = versions();
    const generation = (): string =>
      kubectl(['get', 'deploy', 'first-aimass-operator', '-n', 'release', '-o', 'jsonpath={.metadata.generation}'])
        .output;
    const first = generation();
    helmHere(['upgrade', 'first', CHART, '-n', 'release']);
    expect(versions()).toBe(before);
    expect(generation()).toBe(first);
  });

  test('the service account may do its work, and no more', () => {
    const mayI = (...question: string[]): string =>
      spawnSync(
        programPath('kubectl'),
        [
          `--kubeconfig=${plane.kubeconfigPath}`,
          'auth',
          'can-i',
          '--as=system:serviceaccount:release:first-aimass-operator',
          ...question,
        ],
        { encoding: 'utf8' },
      ).stdout.trim();
    const questions = {
      'patch models.aimass.dev --subresource=status -n default': 'yes',
      'watch inferenceservices.aimass.dev --all-namespaces': 'yes',
      'create jobs.batch -n default': 'yes',
      'patch deployments.apps -n default': 'yes',
      'update leases.coordination.k8s.io -n release': 'yes',
      'list nodes': 'yes',
      'update leases.coordination.k8s.io -n default': 'no',
      'get secrets -n release': 'no',
      'list secrets --all-namespaces': 'no',
      'create pods -n default': 'no',
      'create pods --subresource=exec -n default': 'no',
      'delete models.aimass.dev -n default': 'no',
      'patch nodes': 'no',
      'create clusterroles': 'no',
    };
    const answers = Object.keys(questions).map((question) => [question, mayI(...question.split(' '))]);
    expect(Object.fromEntries(answers)).toEqual(questions);
  });

  test('a second release beside it needs no CRDs of its own', () => {
    makeNamespace('beside');
    const values = { crds: { enabled: false }, watchNamespaces: ['beside'], registry: { enabled: false } };
    helmHere(['install', 'first', CHART, '-n', 'beside'], values);
    expect(helmHere(['uninstall', 'first', '-n', 'beside'])).toContain('uninstalled');
  });

  test('uninstall keeps the CRDs, the models and the volume of the registry, and nothing else', () => {
    helmHere(['uninstall', 'first', '-n', 'release']);
    expect(kubectl(['get', 'models.aimass.dev', 'kept', '-o', 'name']).output.trim()).toBe('model.aimass.dev/kept');
    const kindsOfChart = 'deploy,svc,cm,pvc,netpol,pdb,sa,role,rolebinding,clusterrole,clusterrolebinding';
    const left = kubectl(['get', kindsOfChart, '-A', '-l', 'app.kubernetes.io/name=aimass', '-o', 'name']);
    expect(left.output.trim()).toBe('persistentvolumeclaim/aimass-registry');
  });

  test('the same release can be installed again', () => {
    helmHere(['install', 'first', CHART, '-n', 'release']);
    expect(kubectl(['get', 'models.aimass.dev', 'kept', '-o', 'name']).output.trim()).toBe('model.aimass.dev/kept');
  });

  test('another release does not take the CRDs over unasked', () => {
    makeNamespace('thief');
    expect(() => helmHere(['install', 'second', CHART, '-n', 'thief'])).toThrow('invalid ownership metadata');
  });
});
