import { describe, expect, test } from '@jest/globals';
import { requiredRights } from '../../operator/kinds.ts';
import { find, render, type Rendered } from './helm.ts';

/** Rules as a set of `group/resource:verb`. */
const grants = (objects: readonly Rendered[]): Set<string> =>
  new Set(
    objects.flatMap(({ rules = [] }) =>
      rules.flatMap(({ apiGroups, resources, verbs }) =>
        apiGroups.flatMap((group) => resources.flatMap((one) => verbs.map((verb) => `${group}/${one}:${verb}`))),
      ),
    ),
  );

const isRole = ({ kind }: Rendered): boolean => kind === 'Role' || kind === 'ClusterRole';
const rolesOfOperator = (objects: readonly Rendered[]): Rendered[] =>
  objects.filter((one) => isRole(one) && one.metadata.labels?.['app.kubernetes.io/component'] === 'operator');

describe.each([
  { name: 'all namespaces', values: {} },
  { name: 'some namespaces', values: { watchNamespaces: ['red', 'blue'] } },
])('rights with $name', ({ values }) => {
  const objects = render(values);

  test('no role has a wildcard or touches Secrets, roles or service accounts', () => {
    const text = JSON.stringify(objects.filter(isRole).map(({ rules }) => rules));
    for (const word of ['"*"', 'secrets', 'roles', 'serviceaccounts', 'pods/exec', 'impersonate', 'escalate', 'bind'])
      expect(text).not.toContain(word);
  });

  test('every binding names the one account and an existing role', () => {
    for (const binding of objects.filter(({ kind }) => kind.endsWith('RoleBinding'))) {
      expect(binding.subjects).toEqual([
        { kind: 'ServiceAccount', name: 'aimass-operator', namespace: 'aimass-system' },
      ]);
      const { roleRef } = binding as unknown as { roleRef: { kind: string; name: string } };
      const roles = objects.filter(({ kind, metadata }) => kind === roleRef.kind && metadata.name === roleRef.name);
      expect(roles.filter(({ metadata }) => metadata.namespace === binding.metadata.namespace)).toHaveLength(1);
    }
  });
});

test('the operator may do exactly what its code does', () => {
  const leases = ['get', 'create', 'update'].map((verb) => `coordination.k8s.io/leases:${verb}`);
  expect([...grants(rolesOfOperator(render()))].sort()).toEqual([...requiredRights(), ...leases].sort());
});

test('nothing but the nodes is readable outside the watched namespaces', () => {
  const roles = rolesOfOperator(render({ watchNamespaces: ['red', 'blue'] }));
  expect(grants(roles.filter(({ kind }) => kind === 'ClusterRole'))).toEqual(new Set(['/nodes:list']));
  const namespaced = roles.filter(({ kind }) => kind === 'Role').map(({ metadata }) => metadata.namespace);
  expect(namespaced).toEqual(expect.arrayContaining(['aimass-system', 'red', 'blue']));
  const noNodes = rolesOfOperator(render({ watchNamespaces: ['red'], rbac: { nodes: false } }));
  expect(noNodes.filter(({ kind }) => kind === 'ClusterRole')).toEqual([]);
});

test('a Role in a namespace grants what the ClusterRole grants everywhere', () => {
  const name = 'aimass-operator:aimass-system';
  const cluster = find(render(), 'ClusterRole', name);
  const role = find(render({ watchNamespaces: ['red'] }), 'Role', name);
  expect(role.rules).toEqual(cluster.rules);
});

test('leases are granted in the release namespace only', () => {
  const withLeases = rolesOfOperator(render()).filter((role) =>
    [...grants([role])].some((one) => one.includes('lease')),
  );
  expect(withLeases.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}`)).toEqual(['Role aimass-system']);
});

test.each([
  { role: 'view', may: 'aimass.dev/models:get', mayNot: 'aimass.dev/models:create' },
  { role: 'edit', may: 'aimass.dev/inferenceservices/scale:patch', mayNot: 'aimass.dev/models:deletecollection' },
  { role: 'admin', may: 'aimass.dev/models:deletecollection', mayNot: 'aimass.dev/models/status:patch' },
])('users who are $role in a namespace may use $may', ({ role, may, mayNot }) => {
  const found = find(render(), 'ClusterRole', `aimass-${role}:aimass-system`);
  expect(found.metadata.labels).toHaveProperty([`rbac.authorization.k8s.io/aggregate-to-${role}`], 'true');
  expect(grants([found])).toContain(may);
  expect(grants([found])).not.toContain(mayNot);
});
