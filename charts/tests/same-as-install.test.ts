import { expect, test } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { buildCrd } from '../../crds/schema/crd.ts';
import { kinds } from '../../crds/schema/kinds.ts';
import { renderInstall } from '../../cdk8s/install/install.ts';
import type { InstallOptions } from '../../cdk8s/install/options.ts';
import { render, type Release, type Rendered } from './helm.ts';

const crds = Object.values(kinds).map(buildCrd);

/** What the API server fills in by itself; cdk8s-plus-27 writes some of it out. */
const standard: Readonly<Record<string, unknown>> = {
  dnsPolicy: 'ClusterFirst',
  externalIPs: [],
  hostNetwork: false,
  immutable: false,
  minReadySeconds: 0,
  privileged: false,
  progressDeadlineSeconds: 600,
  readOnly: false,
  resourceNames: [],
  restartPolicy: 'Always',
  scheme: 'HTTP',
  setHostnameAsFQDN: false,
  volumeMode: 'Filesystem',
};
/** What only one of the two ways writes, and what says nothing about the cluster. */
const ofTheTool = new Set(['helm.sh/chart', 'helm.sh/resource-policy', 'app.kubernetes.io/managed-by']);
const checksums = new Set(['checksum/settings', 'checksum/config']);

const isEmpty = (value: unknown): boolean =>
  value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  const members = Object.entries(value).flatMap(([key, member]): [string, unknown][] => {
    if (ofTheTool.has(key) || JSON.stringify(standard[key]) === JSON.stringify(member)) return [];
    if (checksums.has(key)) return [[key, 'some checksum']];
    return [[key, key.endsWith('.yaml') || key.endsWith('.yml') ? parse(String(member)) : plain(member)]];
  });
  return Object.fromEntries(members.filter(([key, member]) => key !== 'annotations' || !isEmpty(member)));
}

/** One grant a line: the two ways group resources into rules differently. */
const grants = (rules: NonNullable<Rendered['rules']>): string[] =>
  rules
    .flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) => resources.flatMap((one) => verbs.map((verb) => `${group}/${one}:${verb}`))),
    )
    .sort();

/** The API server takes an absent group for the core group. */
const subjectsOf = (subjects: Rendered['subjects']): object[] | undefined =>
  subjects?.map(({ kind, name, namespace }) => ({ kind, name, namespace }));

// A CRD may not be normalised: `readOnly` and the like could be names of fields there.
const comparable = (object: Rendered): unknown =>
  object.kind === 'CustomResourceDefinition'
    ? { name: object.metadata.name, spec: object.spec }
    : {
        ...(plain(object) as object),
        ...(object.rules && { rules: grants(object.rules) }),
        ...(object.subjects && { subjects: subjectsOf(object.subjects) }),
      };

const byIdentity = (objects: readonly Rendered[]): Record<string, unknown> =>
  Object.fromEntries(
    objects.map((object) => [
      `${object.kind} ${object.metadata.namespace ?? ''}/${object.metadata.name}`,
      comparable(object),
    ]),
  );

const fromHelm = (values: object, release: Release): Rendered[] =>
  render(values, release).filter(({ metadata }) => metadata.annotations?.['helm.sh/hook'] === undefined);
const fromCdk8s = (options: InstallOptions): Rendered[] =>
  parseAllDocuments(renderInstall(crds, options))
    .map((document) => document.toJS() as Rendered)
    .filter(({ kind }) => kind !== 'Namespace');

test.each([
  { name: 'the defaults', values: {}, options: {}, release: {} },
  { name: 'without a registry', values: { registry: { enabled: false } }, options: { registry: false }, release: {} },
  {
    name: 'another name, namespace and images',
    values: {
      image: { operator: { repository: 'r/o', tag: '1' }, runtime: { repository: 'r/r', tag: '2' } },
      operator: { replicas: 1 },
      registry: { persistence: { size: '5Gi' } },
      settings: { logLevel: 'debug', cache: { type: 'Claim' }, metricsPort: 9000 },
    },
    options: {
      name: 'ai-aimass',
      namespace: 'models',
      images: { operator: 'r/o:1', runtime: 'r/r:2' },
      replicas: 1,
      registry: { sizeGiB: 5 },
      settings: { logLevel: 'debug', cache: { type: 'Claim' }, metricsPort: 9000 },
    },
    release: { name: 'ai', namespace: 'models' },
  },
] satisfies { name: string; values: object; options: InstallOptions; release: Release }[])(
  'Helm and cdk8s install the same: $name',
  ({ values, options, release }) => {
    const instance = { 'app.kubernetes.io/instance': options.name ?? 'aimass' };
    const helm = fromHelm({ ...values, ...(options.name && { fullnameOverride: options.name }) }, release);
    const cdk8s = fromCdk8s(options);
    expect(cdk8s[0]?.metadata.labels).toMatchObject(instance);
    const sameRelease = JSON.parse(
      JSON.stringify(helm).replaceAll(
        `"app.kubernetes.io/instance":"${release.name ?? 'aimass'}"`,
        `"app.kubernetes.io/instance":"${options.name ?? 'aimass'}"`,
      ),
    ) as Rendered[];
    expect(byIdentity(cdk8s)).toEqual(byIdentity(sameRelease));
  },
);
