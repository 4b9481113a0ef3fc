import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { parseSettings } from '../../operator/settings.ts';
import { CHART, find, helm, render, renderText, type Rendered } from './helm.ts';

const everything = {
  commonLabels: { team: 'ml' },
  imagePullSecrets: ['pull'],
  image: { operator: { digest: `sha256:${'a'.repeat(64)}` } },
  watchNamespaces: ['red', 'blue'],
  settings: {
    insecureRegistries: ['localhost:5000'],
    fetch: {
      maxSize: 1000000000,
      timeoutSeconds: 7200000,
      allowedPrivateHosts: ['minio.example:9000', '10.0.0.0/8'],
      s3Endpoint: 'https://minio.example:9000',
      s3Region: 'eu-1',
      hfEndpoint: 'https://hub.example',
    },
    verification: { requests: { cpu: 2 }, measureSeconds: 0.5 },
    cache: { type: 'Claim', storageClassName: 'fast', accessMode: 'ReadWriteMany' },
    healthPort: 9001,
    metricsPort: 9002,
    logLevel: 'debug',
  },
  operator: {
    replicas: 3,
    priorityClassName: 'system-cluster-critical',
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    tolerations: [{ operator: 'Exists' }],
    affinity: { nodeAffinity: {} },
    podLabels: { a: 'b', 'app.kubernetes.io/name': 'not-ours' },
    podAnnotations: { c: 'd' },
    extraEnv: [{ name: 'HTTPS_PROXY', value: 'http://proxy:3128' }],
    serviceAccount: { annotations: { e: 'f' } },
  },
  networkPolicy: { metricsFrom: [{ podSelector: {} }], apiServerCidrs: ['10.0.0.1/32'], apiServerPorts: [6443] },
  serviceMonitor: { enabled: true, labels: { release: 'prometheus' } },
  registry: {
    service: { nodePort: 30500 },
    auth: { htpasswdSecret: 'login' },
    allowDelete: true,
    persistence: { storageClassName: 'fast', size: '1Gi' },
  },
};

const least = {
  operator: { replicas: 1, pdb: { enabled: false }, serviceAccount: { create: false, name: 'mine' } },
  settings: { leaderElection: { enabled: false } },
  rbac: { create: false, aggregate: false },
  crds: { enabled: false },
  networkPolicy: { enabled: false },
  registry: { enabled: false },
};

const settingsOf = (objects: readonly Rendered[]): unknown =>
  parse(find(objects, 'ConfigMap', 'aimass-operator').data?.['settings.yaml'] ?? '');

const identity = ({ kind, metadata }: Rendered): string => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;

test('helm lint finds nothing to complain about', () => {
  expect(helm(['lint', '--strict', CHART])).toContain('0 chart(s) failed');
});

const always = ['ConfigMap', 'Deployment', 'Pod', 'Service', 'ServiceAccount'];
const guards = ['NetworkPolicy', 'PersistentVolumeClaim', 'PodDisruptionBudget'];
const rights = ['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'];

test.each([
  { name: 'the defaults', values: {}, kinds: [...always, ...guards, ...rights, 'CustomResourceDefinition'] },
  {
    name: 'every value set',
    values: everything,
    kinds: [...always, ...guards, ...rights, 'CustomResourceDefinition', 'ServiceMonitor'],
  },
  { name: 'as little as possible', values: least, kinds: always },
])('$name render the wanted kinds, each object once and labelled', ({ values, kinds }) => {
  const objects = render(values);
  expect(new Set(objects.map(({ kind }) => kind))).toEqual(new Set(kinds));
  expect(new Set(objects.map(identity)).size).toBe(objects.length);
  for (const { metadata } of objects) {
    expect(metadata.labels).toMatchObject({
      'app.kubernetes.io/name': 'aimass',
      'app.kubernetes.io/instance': 'aimass',
      'helm.sh/chart': 'aimass-0.1.0',
    });
  }
});

test.each([
  { name: 'the defaults', values: {} },
  { name: 'every value set', values: everything },
  { name: 'as little as possible', values: least },
])('the operator can read the settings of $name', ({ values }) => {
  expect(() => parseSettings(settingsOf(render(values)))).not.toThrow();
});

test('the defaults of the chart are the defaults of the operator', () => {
  const settings = settingsOf(render({ registry: { enabled: false }, suggest: { enabled: false } }));
  const training = { toolkitImage: 'localhost/aimass/toolkit:0.1.0' };
  expect(settings).toEqual(parseSettings({ runtimeImage: 'localhost/aimass/runtime:0.1.0', training }));
});

test('values reach the settings', () => {
  expect(settingsOf(render(everything))).toMatchObject({
    watchNamespaces: ['red', 'blue'],
    imagePullSecrets: ['pull'],
    insecureRegistries: [
      'localhost:5000',
      'aimass-registry.aimass-system.svc:5000',
      'aimass-registry.aimass-system.svc.cluster.local:5000',
    ],
    fetch: { maxSize: 1000000000, allowedPrivateHosts: ['minio.example:9000', '10.0.0.0/8'], s3Region: 'eu-1' },
    healthPort: 9001,
  });
});

test('a change of the settings restarts the operator, anything else does not', () => {
  const checksum = (values: object): unknown => {
    const { spec } = find(render(values), 'Deployment', 'aimass-operator');
    return (spec as { template: { metadata: Rendered['metadata'] } }).template.metadata.annotations?.[
      'checksum/settings'
    ];
  };
  expect(checksum({ settings: { concurrency: 9 } })).not.toBe(checksum({}));
  expect(checksum({ operator: { replicas: 5 }, registry: { allowDelete: true } })).toBe(checksum({}));
});

test('labels of the user do not replace those that the selectors need', () => {
  const { spec } = find(render(everything), 'Deployment', 'aimass-operator');
  const { selector, template } = spec as {
    selector: { matchLabels: object };
    template: { metadata: Rendered['metadata'] };
  };
  expect(template.metadata.labels).toMatchObject({ ...selector.matchLabels, a: 'b' });
});

describe('two releases', () => {
  test.each([
    { name: 'in one namespace', second: { name: 'beta', namespace: 'aimass-system' } },
    { name: 'of one name in two namespaces', second: { name: 'aimass', namespace: 'elsewhere' } },
  ])('$name share nothing when one has the CRDs and the registry', ({ second }) => {
    const first = new Set(render().map(identity));
    const others = render({ crds: { enabled: false }, registry: { enabled: false } }, second).map(identity);
    expect(others.filter((one) => first.has(one))).toEqual([]);
  });

  test('elect a leader each', () => {
    const leases = ['aimass', 'beta'].map((name) => {
      const maps = render({}, { name }).filter(({ data }) => data?.['settings.yaml'] !== undefined);
      return parseSettings(parse(maps[0]?.data?.['settings.yaml'] ?? '')).leaderElection.leaseName;
    });
    expect(leases).toEqual(['aimass-operator', 'beta-aimass-operator']);
  });

  test('fullnameOverride replaces the prefix everywhere but in the name of the registry', () => {
    const names = render({ fullnameOverride: 'zebra' }).filter(({ kind }) => kind !== 'CustomResourceDefinition');
    const unlike = names.map(({ metadata }) => metadata.name).filter((name) => !name.startsWith('zebra'));
    expect(new Set(unlike)).toEqual(new Set(['aimass-registry']));
  });
});

test('CRDs are the generated ones, kept on uninstall unless that is turned off', () => {
  for (const plural of ['models', 'inferenceservices']) {
    const source = parse(readFileSync(join(CHART, 'files', 'crds', `aimass.dev_${plural}.yaml`), 'utf8')) as Rendered;
    const kept = find(render(), 'CustomResourceDefinition', `${plural}.aimass.dev`);
    expect(kept.spec).toEqual(source.spec);
    expect(kept.metadata.annotations).toEqual({ 'helm.sh/resource-policy': 'keep' });
    const loose = find(render({ crds: { keep: false } }), 'CustomResourceDefinition', `${plural}.aimass.dev`);
    expect(loose.metadata.annotations).toBeUndefined();
  }
});

test.each([
  {
    name: 'a misspelt value',
    values: { operator: { replica: 1 } },
    says: "at '/operator': additional properties 'replica'",
  },
  { name: 'an unknown part', values: { gateway: {} }, says: "additional properties 'gateway' not allowed" },
  { name: 'text for a number', values: { operator: { replicas: 'two' } }, says: "at '/operator/replicas': got string" },
  { name: 'a tag as digest', values: { image: { runtime: { digest: 'latest' } } }, says: "at '/image/runtime/digest'" },
  {
    name: 'a size with a wrong unit',
    values: { settings: { fetch: { maxSize: '10GB' } } },
    says: '/settings/fetch/maxSize',
  },
  { name: 'an unknown cache', values: { settings: { cache: { type: 'Disk' } } }, says: "one of 'Ephemeral', 'Claim'" },
  { name: 'a privileged port', values: { settings: { healthPort: 80 } }, says: "at '/settings/healthPort': minimum" },
  { name: 'a namespace that cannot exist', values: { watchNamespaces: ['A_b'] }, says: "at '/watchNamespaces/0'" },
  {
    name: 'a URL for a registry',
    values: { settings: { insecureRegistries: ['http://r:5000'] } },
    says: '/insecureRegistries/0',
  },
  {
    name: 'two private hosts in one',
    values: { settings: { fetch: { allowedPrivateHosts: ['a,b'] } } },
    says: '/allowedPrivateHosts/0',
  },
  {
    name: 'an S3 endpoint that is no URL',
    values: { settings: { fetch: { s3Endpoint: 'minio:9000' } } },
    says: '/s3Endpoint',
  },
  {
    name: 'two operators without a leader',
    values: { settings: { leaderElection: { enabled: false } } },
    says: 'set operator.replicas to 1',
  },
  {
    name: 'a lease shorter than its renewal',
    values: { settings: { leaderElection: { leaseSeconds: 10 } } },
    says: 'leaseSeconds > renewDeadlineSeconds',
  },
  { name: 'two servers on one port', values: { settings: { healthPort: 8080 } }, says: 'each needs its own port' },
  {
    name: 'no service account at all',
    values: { operator: { serviceAccount: { create: false } } },
    says: 'name the ServiceAccount',
  },
])('$name is refused', ({ values, says }) => {
  expect(() => renderText(values)).toThrow(says);
});
