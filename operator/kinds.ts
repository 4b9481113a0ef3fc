import { API_VERSION } from '../crds/schema/shared.ts';
import { managedSelector } from './build/labels.ts';
import type { KubeObject } from './kube/cluster.ts';
import { pluralOf, type WatchedKind } from './kube/watched-kind.ts';
import { trimPod } from './trim-pod.ts';

const managed = Object.entries(managedSelector)
  .map(([label, value]) => `${label}=${value}`)
  .join();

const child = (apiVersion: string, kind: string): WatchedKind => ({ apiVersion, kind, labelSelector: managed });

/** A child whose status decides nothing: an autoscaler tells its metrics again every quarter of a minute. */
const mutedChild = (apiVersion: string, kind: string): WatchedKind => ({
  ...child(apiVersion, kind),
  trim: (object: KubeObject & { status?: unknown }) => delete object.status,
});

/** A child that owns children itself: the golden copy and the device claims of a revision go with it. */
const OWNING_CHILD = child('apps/v1', 'ControllerRevision');

/** Kinds that users write and the operator reconciles. */
export const PARENT_KINDS: readonly WatchedKind[] = [
  { apiVersion: API_VERSION, kind: 'Model' },
  { apiVersion: API_VERSION, kind: 'InferenceService' },
  { apiVersion: API_VERSION, kind: 'TrainingJob' },
];

/** Kinds that the operator makes, and watches by its label. */
const CHILD_KINDS: readonly WatchedKind[] = [
  child('batch/v1', 'Job'),
  child('v1', 'ConfigMap'),
  child('apps/v1', 'Deployment'),
  OWNING_CHILD,
  mutedChild('v1', 'Service'),
  child('v1', 'PersistentVolumeClaim'),
  mutedChild('autoscaling/v2', 'HorizontalPodAutoscaler'),
  mutedChild('policy/v1', 'PodDisruptionBudget'),
  mutedChild('networking.k8s.io/v1', 'NetworkPolicy'),
  child('resource.k8s.io/v1', 'ResourceClaimTemplate'),
];

/** Kinds that others make of our children; the operator only watches them. */
const SEEN_KINDS: readonly WatchedKind[] = [{ ...child('v1', 'Pod'), trim: trimPod }];

/** Kinds that are read from the API server when there is a question: why a pod does not start, and which nodes there are. */
const ASKED_KINDS: readonly { apiVersion: string; kind: string; isClusterScoped?: boolean }[] = [
  { apiVersion: 'v1', kind: 'Event' },
  { apiVersion: 'v1', kind: 'Node', isClusterScoped: true },
];

/** Everything that is kept in the watch cache. */
export const WATCHED_KINDS: readonly WatchedKind[] = [...PARENT_KINDS, ...CHILD_KINDS, ...SEEN_KINDS];

const PARENT_VERBS = ['get', 'list', 'watch'] as const;
const CHILD_VERBS = [...PARENT_VERBS, 'create', 'patch', 'delete'] as const;

/** The rights that the operator uses, as `group/resource:verb`. The chart and the install manifest must grant these. */
export function requiredRights(): string[] {
  const rights = (kinds: readonly WatchedKind[], verbs: readonly string[], suffix = ''): string[] =>
    kinds.flatMap((kind) => verbs.map((verb) => `${groupOf(kind)}/${pluralOf(kind.kind)}${suffix}:${verb}`));
  return [
    ...rights(PARENT_KINDS, PARENT_VERBS),
    ...rights(PARENT_KINDS, ['patch'], '/status'),
    // Clusters that check owner references ask for this right on the owner (blockOwnerDeletion).
    ...rights([...PARENT_KINDS, OWNING_CHILD], ['update'], '/finalizers'),
    ...rights(CHILD_KINDS, CHILD_VERBS),
    ...rights(SEEN_KINDS, PARENT_VERBS),
    ...rights(ASKED_KINDS, ['list']),
    'events.k8s.io/events:create',
    // What training prints, and what it uses; a cluster without a metrics server answers 404.
    '/pods/log:get',
    'metrics.k8s.io/pods:list',
    // The Model that a TrainingJob makes of what it published.
    ...['create', 'patch'].map((verb) => `${groupOf(PARENT_KINDS[0] ?? { apiVersion: '', kind: '' })}/models:${verb}`),
  ];
}

const groupOf = ({ apiVersion }: WatchedKind): string =>
  apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
