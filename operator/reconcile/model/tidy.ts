import type { Model, ModelStatus } from '../../../crds/schema/model.ts';
import { Component, Label } from '../../build/labels.ts';
import { jobEnd } from '../../decide/model/observed.ts';
import type { Cluster, KubeObject } from '../../kube/cluster.ts';
import { removeQuietly } from '../remove-quietly.ts';
import { CONFIG_MAP, DEPLOYMENT, POD } from './deps.ts';
import { listJobs, podsOfJob, type Job } from './observe.ts';

const LOOK_AGAIN_MS = 5 * 60_000;

/** Removes Jobs and golden copies that nobody needs; gives when to look again while something still uses one. */
export async function tidy(cluster: Cluster, model: Model, status: ModelStatus): Promise<number | undefined> {
  const jobs = listJobs(cluster, model).filter((job) => isSuperseded(job, status) && !hasEnded(cluster, job));
  for (const job of jobs) await removeQuietly(cluster, job);
  const leftovers = listGoldenCopies(cluster, model).filter(({ metadata }) => !isNamed(metadata.name, status));
  const mounted = leftovers.length === 0 ? new Set<string>() : mountedConfigMaps(cluster, model);
  for (const copy of leftovers) if (!mounted.has(copy.metadata.name)) await removeQuietly(cluster, copy);
  return leftovers.some(({ metadata }) => mounted.has(metadata.name)) ? LOOK_AGAIN_MS : undefined;
}

/** Jobs that ended are kept for their logs; the API server removes them after ten minutes. */
const isSuperseded = (job: Job, { candidate }: ModelStatus): boolean =>
  job.metadata.name !== candidate?.job && job.metadata.deletionTimestamp === undefined;

/** The Job says so a moment after its pod. */
const hasEnded = (cluster: Cluster, job: Job): boolean =>
  jobEnd(job) !== undefined ||
  podsOfJob(cluster, job).some(({ status }) => status?.phase === 'Succeeded' || status?.phase === 'Failed');

const listGoldenCopies = (cluster: Cluster, { metadata }: Model): readonly KubeObject[] =>
  cluster
    .list({ ...CONFIG_MAP, namespace: metadata.namespace, ownerUid: metadata.uid ?? '' })
    .filter((copy) => copy.metadata.labels?.[Label.component] === Component.golden);

const isNamed = (name: string, { current, candidate }: ModelStatus): boolean =>
  name === current?.goldenConfigMap || name === candidate?.goldenConfigMap;

interface PodSpec {
  volumes?: readonly { configMap?: { name?: string } }[];
}
type Mounter = KubeObject & { spec?: PodSpec & { template?: { spec?: PodSpec } } };

/** Services that have not rolled to the new revision yet, or went back, still need the old copy when a pod starts. */
function mountedConfigMaps(cluster: Cluster, { metadata: { namespace, name } }: Model): Set<string> {
  const labels = { [Label.model]: name };
  const mounters = [
    ...cluster.list<Mounter>({ ...DEPLOYMENT, namespace, labels }),
    ...cluster.list<Mounter>({ ...POD, namespace, labels }).filter(isNotVerification),
  ];
  const volumes = mounters.flatMap(({ spec }) => spec?.template?.spec?.volumes ?? spec?.volumes ?? []);
  return new Set(volumes.flatMap(({ configMap }) => configMap?.name ?? []));
}

const isNotVerification = ({ metadata }: KubeObject): boolean =>
  metadata.labels?.[Label.component] !== Component.verification;
