import type { InferenceService } from '../crds/schema/inference-service.ts';
import type { Model } from '../crds/schema/model.ts';
import { GROUP } from '../crds/schema/shared.ts';
import { Component, Label } from './build/labels.ts';
import type { Change } from './kube/change.ts';
import type { KubeObject } from './kube/cluster.ts';
import { sameJson } from './kube/same-json.ts';
import type { ServicesByModel } from './services-by-model.ts';

/** An object that has to be looked at: which controller, which object, and after how long. */
export interface Route {
  controller: 'model' | 'service';
  key: string;
  /** Gathers many changes into one pass. */
  delayMs?: number;
}

/** A thousand services over one Model come within seconds: its `usedBy` is written once for many of them. */
const GATHER_MS = 2000;

/** Which objects a change concerns. */
export function routesOf(change: Change, services: ServicesByModel): Route[] {
  const { object } = change;
  if (!object.apiVersion.startsWith(`${GROUP}/`)) return childRoutes(object);
  return object.kind === 'Model' ? modelRoutes(change, services) : serviceRoutes(change);
}

function modelRoutes({ object, previous }: Change, services: ServicesByModel): Route[] {
  const own: Route = { controller: 'model', key: keyOf(object) };
  const isNews = previous === undefined || !sameJson(servedPart(previous), servedPart(object));
  const followers = isNews ? services.of(object.metadata) : [];
  return [own, ...followers.map((name): Route => ({ controller: 'service', key: keyOf(object, name) }))];
}

/** What the services of a Model look at. */
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

function serviceRoutes({ type, object, previous }: Change): Route[] {
  const own: Route = { controller: 'service', key: keyOf(object) };
  const before = previous === undefined ? undefined : modelOf(previous);
  const now = modelOf(object);
  const isSame = type === 'updated' && before === now;
  const models = isSame ? [] : [...new Set([before, now])].filter((name) => name !== undefined);
  return [own, ...models.map((name): Route => ({ controller: 'model', key: keyOf(object, name), delayMs: GATHER_MS }))];
}

const modelOf = (object: KubeObject): string | undefined => (object as InferenceService & KubeObject).spec?.model?.name;

/** A child leads to its owner; a pod, whose owner is a Job or a ReplicaSet, says by its labels whose it is. */
function childRoutes(object: KubeObject): Route[] {
  const labels = object.metadata.labels ?? {};
  const owner = object.metadata.ownerReferences?.find(({ apiVersion }) => apiVersion.startsWith(`${GROUP}/`));
  if (owner !== undefined) {
    return [{ controller: owner.kind === 'Model' ? 'model' : 'service', key: keyOf(object, owner.name) }];
  }
  const service = labels[Label.service];
  if (service !== undefined) return [{ controller: 'service', key: keyOf(object, service) }];
  const model = labels[Label.component] === Component.verification ? labels[Label.model] : undefined;
  return model === undefined ? [] : [{ controller: 'model', key: keyOf(object, model) }];
}

const keyOf = ({ metadata }: KubeObject, name = metadata.name): string => `${metadata.namespace ?? ''}/${name}`;
