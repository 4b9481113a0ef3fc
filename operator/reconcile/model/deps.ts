import type { Model } from '../../../crds/schema/model.ts';
import type { TrainingJob } from '../../../crds/schema/training-job.ts';
import { API_VERSION } from '../../../crds/schema/shared.ts';
import type { Cluster, KindRef, KubeObject, ObjectRef } from '../../kube/cluster.ts';
import type { Settings } from '../../settings.ts';
import type { VerificationLine } from './line.ts';

/** What a reconcile pass of a Model works with. */
export interface ModelDeps {
  cluster: Cluster;
  settings: Settings;
  line: VerificationLine;
  /** Names of the InferenceServices that serve a Model, sorted. */
  servicesOf: (model: { namespace: string; name: string }) => readonly string[];
  now: () => Date;
}

export const MODEL: KindRef = { apiVersion: API_VERSION, kind: 'Model' };
export const TRAINING_JOB: KindRef = { apiVersion: API_VERSION, kind: 'TrainingJob' };
export const JOB: KindRef = { apiVersion: 'batch/v1', kind: 'Job' };
export const POD: KindRef = { apiVersion: 'v1', kind: 'Pod' };
export const CONFIG_MAP: KindRef = { apiVersion: 'v1', kind: 'ConfigMap' };
export const DEPLOYMENT: KindRef = { apiVersion: 'apps/v1', kind: 'Deployment' };

/** Names a Model in the line. */
export const keyOf = ({ namespace, name }: { namespace?: string | undefined; name: string }): string =>
  `${namespace ?? ''}/${name}`;

/** The Model from the cache. */
export const getModel = (
  cluster: Cluster,
  { namespace, name }: { namespace: string; name: string },
): Model | undefined => cluster.get<Model & KubeObject>({ ...MODEL, namespace, name } satisfies ObjectRef);

/** The TrainingJob that a Model follows, from the cache. */
export function getTrainingJob(cluster: Cluster, { metadata, spec }: Model): TrainingJob | undefined {
  const name = spec.source.trainingJob?.name;
  if (name === undefined) return undefined;
  const ref: ObjectRef = { ...TRAINING_JOB, name, ...(metadata.namespace && { namespace: metadata.namespace }) };
  return cluster.get<TrainingJob & KubeObject>(ref);
}
