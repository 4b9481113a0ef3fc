import type { Construct } from 'constructs';
import {
  ApiResource,
  ClusterRole,
  ClusterRoleBinding,
  Role,
  RoleBinding,
  type ClusterRolePolicyRule,
  type IClusterRole,
  type IRole,
  type ServiceAccount,
} from 'cdk8s-plus-27';
import { labels } from './labels.ts';
import type { Installation } from './options.ts';

const READ = ['get', 'list', 'watch'];
/** Server-side apply is a patch, and a create when the object is new. */
const OWN = [...READ, 'create', 'patch', 'delete'];
const EDIT = [...READ, 'create', 'update', 'patch', 'delete'];

const resource = (apiGroup: string, resourceType: string): ApiResource =>
  ApiResource.custom({ apiGroup, resourceType });
const kinds = (...resourceTypes: string[]): ApiResource[] =>
  resourceTypes.map((resourceType) => resource('aimass.dev', resourceType));
const rule = (verbs: string[], endpoints: ApiResource[]): ClusterRolePolicyRule => ({ verbs, endpoints });

/** What the operator may do. No Secret is ever read: pods mount them by name. */
const operatorRules = (): ClusterRolePolicyRule[] => [
  rule(READ, kinds('models', 'inferenceservices', 'trainingjobs')),
  rule(['patch'], kinds('models/status', 'inferenceservices/status', 'trainingjobs/status')),
  // Clusters that check owner references (OwnerReferencesPermissionEnforcement) ask for this right on the owner.
  rule(['update'], kinds('models/finalizers', 'inferenceservices/finalizers', 'trainingjobs/finalizers')),
  rule(['update'], [resource('apps', 'controllerrevisions/finalizers')]),
  rule(OWN, [
    resource('batch', 'jobs'),
    resource('apps', 'deployments'),
    resource('apps', 'controllerrevisions'),
    resource('autoscaling', 'horizontalpodautoscalers'),
    resource('policy', 'poddisruptionbudgets'),
    resource('networking.k8s.io', 'networkpolicies'),
    resource('resource.k8s.io', 'resourceclaimtemplates'),
    resource('', 'services'),
    resource('', 'persistentvolumeclaims'),
    resource('', 'configmaps'),
  ]),
  rule(READ, [resource('', 'pods')]),
  rule(['list'], [resource('', 'events')]),
  rule(['create'], [resource('events.k8s.io', 'events')]),
  // What training prints, and what it uses.
  rule(['get'], [resource('', 'pods/log')]),
  rule(['list'], [resource('metrics.k8s.io', 'pods')]),
  // The Model that a TrainingJob makes of what it published.
  rule(['create', 'patch'], kinds('models')),
];

/** Cluster-scoped names carry the namespace: installations of one name may live in two namespaces. */
const clusterName = ({ name, namespace }: Installation, role: string): string => `${name}-${role}:${namespace}`;

/** Gives the operator its rights: everywhere, on nodes, and on the Lease in its own namespace. */
export function grantOperator(scope: Construct, installation: Installation, account: ServiceAccount): void {
  const shared = labels(installation, 'operator');
  const grantEverywhere = (name: string, rules: ClusterRolePolicyRule[]): void => {
    const metadata = { name: clusterName(installation, name), labels: shared };
    const role = new ClusterRole(scope, `rights-${name}`, { metadata, rules }) as IClusterRole;
    new ClusterRoleBinding(scope, `binding-${name}`, { metadata, role }).addSubjects(account);
  };
  grantEverywhere('operator', operatorRules());
  // Which nodes have accelerators, for the sentence in status.waitingFor.
  grantEverywhere('nodes', [rule(['list'], [resource('', 'nodes')])]);

  const metadata = { name: `${installation.operatorName}-leader`, namespace: installation.namespace, labels: shared };
  const leader = new Role(scope, 'rights-leader', { metadata });
  leader.allow(['get', 'create', 'update'], resource('coordination.k8s.io', 'leases'));
  new RoleBinding(scope, 'binding-leader', { metadata, role: leader as IRole }).addSubjects(account);
}

/** Adds the kinds of AI Mass to the roles admin, edit and view of Kubernetes. */
export function grantUsers(scope: Construct, installation: Installation): void {
  const objects = kinds('models', 'inferenceservices', 'trainingjobs');
  const status = rule(['get'], kinds('models/status', 'inferenceservices/status', 'trainingjobs/status'));
  const scale = rule(['get', 'update', 'patch'], kinds('inferenceservices/scale'));
  const all = [
    'models',
    'models/status',
    'inferenceservices',
    'inferenceservices/status',
    'inferenceservices/scale',
    'trainingjobs',
    'trainingjobs/status',
  ];
  const rules: Record<string, ClusterRolePolicyRule[]> = {
    admin: [rule([...EDIT, 'deletecollection'], objects), status, scale],
    edit: [rule(EDIT, objects), status, scale],
    view: [rule(READ, kinds(...all))],
  };
  for (const [role, roleRules] of Object.entries(rules)) {
    const aggregation = { [`rbac.authorization.k8s.io/aggregate-to-${role}`]: 'true' };
    const metadata = {
      name: clusterName(installation, role),
      labels: { ...labels(installation, 'users'), ...aggregation },
    };
    new ClusterRole(scope, `users-${role}`, { metadata, rules: roleRules });
  }
}
