import { describe, expect, test } from '@jest/globals';
import { find, render, type Rendered } from './helm.ts';

interface PodSpec {
  serviceAccountName: string;
  automountServiceAccountToken: boolean;
  securityContext: Record<string, unknown>;
  containers: {
    image: string;
    securityContext: Record<string, unknown>;
    resources: { requests?: object; limits?: { memory?: string } };
    volumeMounts?: { name: string }[];
  }[];
  volumes?: { name: string; hostPath?: object }[];
}

const podsOf = (objects: readonly Rendered[]): { name: string; pod: PodSpec }[] =>
  objects
    .filter(({ kind }) => kind === 'Deployment' || kind === 'Pod')
    .map(({ kind, metadata, spec }) => ({
      name: metadata.name,
      pod: kind === 'Pod' ? (spec as PodSpec) : (spec as { template: { spec: PodSpec } }).template.spec,
    }));

describe.each(podsOf(render()))('the pods of $name', ({ pod }) => {
  test('run without rights on the node', () => {
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    for (const { securityContext } of pod.containers) {
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        runAsNonRoot: true,
        capabilities: { drop: ['ALL'] },
      });
    }
    expect(pod.volumes?.filter(({ hostPath }) => hostPath !== undefined) ?? []).toEqual([]);
  });

  test('have their own service account', () => {
    const names = render()
      .filter(({ kind }) => kind === 'ServiceAccount')
      .map(({ metadata }) => metadata.name);
    expect(names).toContain(pod.serviceAccountName);
  });

  test('say what they need and may take', () => {
    for (const { resources } of pod.containers) {
      expect(resources.requests).toMatchObject({ cpu: expect.any(String), memory: expect.any(String) });
      expect(resources.limits?.memory).toBeDefined();
    }
  });

  test('mount only volumes that exist', () => {
    const names = pod.volumes?.map(({ name }) => name) ?? [];
    const mounted = pod.containers.flatMap(({ volumeMounts }) => volumeMounts?.map(({ name }) => name) ?? []);
    expect(new Set(mounted)).toEqual(new Set(names));
  });
});

test('no service account hands its token to pods that do not ask', () => {
  const accounts = render().filter(({ kind }) => kind === 'ServiceAccount');
  expect(accounts).toHaveLength(4);
  expect(accounts.filter(({ automountServiceAccountToken }) => automountServiceAccountToken !== false)).toEqual([]);
  const withToken = podsOf(render()).filter(({ pod }) => pod.automountServiceAccountToken);
  expect(withToken.map(({ name }) => name).sort()).toEqual(['aimass-operator', 'aimass-test']);
});

test.each([
  { name: 'the tag is the version of the program', image: {}, want: 'localhost/aimass/operator:0.1.0' },
  { name: 'a tag of the user', image: { tag: 'v9' }, want: 'localhost/aimass/operator:v9' },
  {
    name: 'a digest wins over the tag',
    image: { tag: 'v9', digest: `sha256:${'0'.repeat(64)}` },
    want: `localhost/aimass/operator@sha256:${'0'.repeat(64)}`,
  },
  { name: 'another registry', image: { repository: 'r.example.com:5000/a/b' }, want: 'r.example.com:5000/a/b:0.1.0' },
])('image: $name', ({ image, want }) => {
  const { spec } = find(render({ image: { operator: image } }), 'Deployment', 'aimass-operator');
  expect((spec as { template: { spec: PodSpec } }).template.spec.containers[0]?.image).toBe(want);
});
