import type { InferenceService } from '../crds/schema/inference-service.ts';
import type { Model } from '../crds/schema/model.ts';
import type { TrainingJob } from '../crds/schema/training-job.ts';
import { ConditionType } from '../crds/schema/reasons.ts';
import { GROUP } from '../crds/schema/shared.ts';
import type { Pod } from './build/inference-service/children.ts';
import { Component, Label } from './build/labels.ts';
import { isAlive, isReady } from './decide/inference-service/pods.ts';
import type { Change } from './kube/change.ts';
import type { KubeObject } from './kube/cluster.ts';
import type { Followers } from './followers.ts';
import { sameJson } from './kube/same-json.ts';
import type { Urgency } from './loop/queue.ts';

/** An object that has to be looked at: which controller, which object, and after how long. */
export interface Route {
  controller: 'model' | 'service' | 'training';
  key: string;
  /** Gathers many changes into one pass. */
  delayMs?: number;
  urgency?: Urgency;
}

/** A thousand services over one Model come within seconds: its `usedBy` is written once for many of them. */
const GATHER_USERS_MS = 5000;
/** Children change in bursts while a service starts, and most of it changes no decision. */
const GATHER_MS = 200;

/** Which objects a change concerns. */
export function routesOf(change: Change, followers: Followers): Route[] {
  const { object } = change;
  if (!object.apiVersion.startsWith(`${GROUP}/`)) return childRoutes(change);
  if (object.kind === 'TrainingJob') return trainingRoutes(change, followers);
  return object.kind === 'Model' ? modelRoutes(change, followers) : serviceRoutes(change);
}

function trainingRoutes(change: Change, { models }: Followers): Route[] {
  const { object, previous, type } = change;
  const own: Route = { controller: 'training', key: keyOf(object), ...paceOfOwn(change) };
  const isNews =
    type !== 'updated' || previous === undefined || !sameJson(followedPart(previous), followedPart(object));
  return [own, ...(isNews ? routesTo('model', models.of(object.metadata), object) : [])];
}

/** What the Models of a job look at; not its progress, which changes all the time. */
function followedPart(object: KubeObject): unknown {
  const { spec, status, metadata } = object as TrainingJob & KubeObject;
  const { credentials, caBundle } = spec?.publish ?? {};
  const stalled = status?.conditions?.find(({ type }) => type === ConditionType.Stalled);
  return [status?.artifact, status?.phase, stalled?.status, stalled?.message, credentials, caBundle, metadata.uid];
}

function modelRoutes(change: Change, { services, trainings }: Followers): Route[] {
  const { object, previous } = change;
  const own: Route = { controller: 'model', key: keyOf(object), ...paceOfOwn(change) };
  const isNews = previous === undefined || !sameJson(servedPart(previous), servedPart(object));
  if (!isNews) return [own];
  return [
    own,
    ...routesTo('service', services.of(object.metadata), object),
    ...routesTo('training', trainings.of(object.metadata), object),
  ];
}

/** To objects of these names in the namespace of what has changed. */
const routesTo = (controller: Route['controller'], names: readonly string[], changed: KubeObject): Route[] =>
  names.map((name) => ({ controller, key: keyOf(changed, name) }));

/** What the services of a Model, and the trainings that start from it, look at. */
function servedPart(object: KubeObject): unknown {
  const { spec, status, metadata } = object as Model & KubeObject;
  const conditions = status?.conditions?.map(({ type, status: value, reason, message }) => [
    type,
    value,
    reason,
    message,
  ]);
  return [spec, status?.current, conditions, metadata.uid, metadata.deletionTimestamp];
}

function serviceRoutes(change: Change): Route[] {
  const { type, object, previous } = change;
  const own: Route = { controller: 'service', key: keyOf(object), ...paceOfOwn(change) };
  const before = previous === undefined ? undefined : modelOf(previous);
  const now = modelOf(object);
  const isSame = type === 'updated' && before === now;
  const models = isSame ? [] : [...new Set([before, now])].filter((name) => name !== undefined);
  return [
    own,
    ...models.map((name): Route => ({ controller: 'model', key: keyOf(object, name), delayMs: GATHER_USERS_MS })),
  ];
}

const modelOf = (object: KubeObject): string | undefined => (object as InferenceService & KubeObject).spec?.model?.name;

type Pace = Pick<Route, 'delayMs' | 'urgency'>;

/** What a user wrote is looked at now; our own status coming back, when there is time. */
function paceOfOwn({ object, previous }: Change): Pace {
  if (previous === undefined) return {};
  return sameJson(writtenPart(previous), writtenPart(object))
    ? { delayMs: GATHER_MS, urgency: 'begun' }
    : { urgency: 'begun' };
}

function writtenPart(object: KubeObject): unknown {
  const { spec, metadata } = object as KubeObject & { spec?: unknown };
  return [spec, metadata.generation, metadata.labels, metadata.annotations, metadata.uid, metadata.deletionTimestamp];
}

/** Which controller looks after a kind of ours. */
export const controllerOf = (kind: string): Route['controller'] => CONTROLLERS[kind] ?? 'service';

const CONTROLLERS: Readonly<Record<string, Route['controller']>> = {
  Model: 'model',
  InferenceService: 'service',
  TrainingJob: 'training',
};

/** A child leads to its owner; a pod, whose owner is a Job or a ReplicaSet, says by its labels whose it is. */
function childRoutes(change: Change): Route[] {
  const owner = ownerOf(change.object);
  if (owner === undefined || isNoNews(change)) return [];
  return [{ ...owner, urgency: 'begun', ...(isTelling(change) ? {} : { delayMs: GATHER_MS }) }];
}

function ownerOf(object: KubeObject): Pick<Route, 'controller' | 'key'> | undefined {
  const labels = object.metadata.labels ?? {};
  const owner = object.metadata.ownerReferences?.find(({ apiVersion }) => apiVersion.startsWith(`${GROUP}/`));
  if (owner !== undefined) {
    return { controller: controllerOf(owner.kind), key: keyOf(object, owner.name) };
  }
  const job = labels[Label.trainingJob];
  if (job !== undefined) return { controller: 'training', key: keyOf(object, job) };
  const service = labels[Label.service];
  if (service !== undefined) return { controller: 'service', key: keyOf(object, service) };
  const model = labels[Label.component] === Component.verification ? labels[Label.model] : undefined;
  return model === undefined ? undefined : { controller: 'model', key: keyOf(object, model) };
}

/** Nothing changed that is kept in the cache: an autoscaler tells its metrics every quarter of a minute. */
const isNoNews = ({ type, object, previous }: Change): boolean =>
  type === 'updated' && previous !== undefined && sameJson(withoutVersion(previous), withoutVersion(object));

const withoutVersion = ({ metadata, ...rest }: KubeObject): object => ({
  ...rest,
  metadata: { ...metadata, resourceVersion: undefined },
});

/** What Ready hangs on must not wait: a pod that answers, or no longer does, or has ended, and a child that went. */
function isTelling({ type, object, previous }: Change): boolean {
  if (type === 'deleted') return true;
  if (object.kind !== 'Pod') return false;
  const [was, is] = [previous as Pod | undefined, object as Pod];
  return isReady(is) !== (was !== undefined && isReady(was)) || (was !== undefined && isAlive(was) !== isAlive(is));
}

const keyOf = ({ metadata }: KubeObject, name = metadata.name): string => `${metadata.namespace ?? ''}/${name}`;
