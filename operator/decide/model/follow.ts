import type { Lineage } from '../../../crds/schema/model-source.ts';
import type { CurrentRevision, Model, ModelSpec, SourcedModel } from '../../../crds/schema/model.ts';
import { ConditionType, ModelReason } from '../../../crds/schema/reasons.ts';
import type { TrainingJob } from '../../../crds/schema/training-job.ts';
import type { Artifact } from '../../../crds/schema/training/status.ts';
import { findCondition, RECONCILING, STALLED, type Verdict } from '../conditions.ts';
import { asSentence } from '../words.ts';
import { servesOn } from './verdict.ts';

/** Where a Model comes from: known, with what made it, or not known yet. */
export type Followed =
  { kind: 'known'; model: SourcedModel; lineage?: Lineage } | { kind: 'waiting'; verdict: Verdict; againMs?: number };

/** What is followed, as the cluster has it now. */
export interface FollowFacts {
  /** The TrainingJob that the Model names; undefined when there is none of that name. */
  job: TrainingJob | undefined;
  now: Date;
}

/** GitOps tools apply a Model and its job at once, in any order, and fail the whole sync when one is Stalled. */
const JOB_GRACE_MS = 120_000;

/**
 * The Model with the source that it stands for now: its own uri, or what its TrainingJob published last. What was verified of
 * a job stays when the job is gone, or is made anew and has published nothing yet.
 */
export function followSource(model: Model, { job, now }: FollowFacts): Followed {
  const { uri, trainingJob } = model.spec.source;
  if (trainingJob === undefined) return { kind: 'known', model: withSource(model, { uri: uri ?? '' }) };
  if (job !== undefined && hasArtifact(job)) return ofArtifact(model, job);
  const { lineage, current } = model.status ?? {};
  if (lineage?.trainingJob === trainingJob.name && current !== undefined) return held(model, current, lineage);
  return job === undefined ? missing(model, trainingJob.name, now) : unpublished(model, job);
}

type PublishedJob = TrainingJob & { status: { artifact: Artifact } };

const hasArtifact = (job: TrainingJob): job is PublishedJob => job.status?.artifact !== undefined;

interface Source {
  uri: string;
  credentials?: ModelSpec['credentials'] | undefined;
  caBundle?: ModelSpec['source']['caBundle'] | undefined;
}

/** The Model as if the source were written in its spec; what its user says himself comes first. */
function withSource(model: Model, { uri, ...others }: Source): SourcedModel {
  const { trainingJob: _trainingJob, ...own } = model.spec.source;
  const credentials = model.spec.credentials ?? others.credentials;
  const caBundle = own.caBundle ?? others.caBundle;
  const source = { ...own, uri, ...(caBundle === undefined ? {} : { caBundle }) };
  return { ...model, spec: { ...model.spec, source, ...(credentials === undefined ? {} : { credentials }) } };
}

function ofArtifact(model: Model, job: PublishedJob): Followed {
  const uri = uriOf(job.status.artifact);
  const { credentials, caBundle } = job.spec.publish ?? {};
  const made = lineageOf(job);
  const isKnown = uri === model.status?.current?.uri && isSameRun(model.status.lineage, made);
  return {
    kind: 'known',
    model: withSource(model, { uri, credentials, caBundle }),
    lineage: (isKnown ? model.status?.lineage : undefined) ?? made,
  };
}

const isSameRun = (known: Lineage | undefined, { trainingJob, run }: Lineage): boolean =>
  known?.trainingJob === trainingJob && known.run === run;

const uriOf = ({ uri, digest }: Artifact): string => (uri.includes('@') ? uri : `${uri}@${digest}`);

/** The job tells of the run that goes on: of an earlier one, only the number is known for sure. */
function lineageOf({ metadata, status }: PublishedJob): Lineage {
  const { run } = status.artifact;
  const lineage = { trainingJob: metadata.name, run };
  if (status.run?.number !== run) return lineage;
  const dataDigests = status.data?.map(({ name, digest }) => ({ name, digest }));
  return {
    ...lineage,
    ...(dataDigests === undefined ? {} : { dataDigests }),
    ...(status.baseModel === undefined ? {} : { baseModel: status.baseModel }),
  };
}

/** What was verified of this job before, fetched from where it was. */
function held(model: Model, current: CurrentRevision, lineage: Lineage): Followed {
  const { uri = '', credentials, caBundle } = current;
  return { kind: 'known', model: withSource(model, { uri, credentials, caBundle }), lineage };
}

function missing(model: Model, name: string, now: Date): Followed {
  const leftMs = JOB_GRACE_MS - (now.getTime() - missingSince(model, now).getTime());
  const isForPerson = leftMs <= 0;
  return {
    kind: 'waiting',
    verdict: {
      ready: 'False',
      reason: ModelReason.TrainingJobMissing,
      message: `TrainingJob "${name}" does not exist in namespace "${model.metadata.namespace}"; create it, or correct spec.source.trainingJob.name.${servesOn(model.status?.current)}`,
      besides: isForPerson ? STALLED : RECONCILING,
    },
    ...(isForPerson ? {} : { againMs: Math.max(1000, leftMs) }),
  };
}

/** Remembered in the conditions, so that a restart of the operator does not begin to count anew. */
function missingSince({ metadata, status }: Model, now: Date): Date {
  const stalled = findCondition(status?.conditions, ConditionType.Stalled);
  const isStalledForThis =
    stalled?.reason === ModelReason.TrainingJobMissing && stalled.observedGeneration === metadata.generation;
  if (isStalledForThis) return new Date(0);
  const reconciling = findCondition(status?.conditions, ConditionType.Reconciling);
  return reconciling?.reason === ModelReason.TrainingJobMissing ? new Date(reconciling.lastTransitionTime) : now;
}

function unpublished(model: Model, { metadata, status }: TrainingJob): Followed {
  const stalled = findCondition(status?.conditions, ConditionType.Stalled);
  const isStalled = stalled?.status === 'True' && status?.observedGeneration === metadata.generation;
  const why = isStalled ? ` ${asSentence(stalled.message)}` : '';
  const state = `TrainingJob "${metadata.name}" has not published a model yet; it is ${status?.phase ?? 'Pending'}.${why}`;
  return {
    kind: 'waiting',
    verdict: {
      ready: 'False',
      reason: ModelReason.WaitingForTraining,
      message: `${state}${servesOn(model.status?.current)}`,
      besides: isStalled ? STALLED : RECONCILING,
    },
  };
}
