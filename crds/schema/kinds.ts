import type { KindDefinition, PrinterColumn } from './crd.ts';
import { inferenceServiceSpec, inferenceServiceStatus } from './inference-service.ts';
import { modelSpec, modelStatus } from './model.ts';
import type { Manifest } from './manifest.ts';
import type { Rule } from './rules.ts';
import { GROUP, MAX_NAME_LENGTH } from './shared.ts';
import { trainingJobSpec } from './training-job.ts';
import { trainingJobStatus } from './training/status.ts';

const READY = `.status.conditions[?(@.type=="Ready")]`;

const readyColumns: readonly PrinterColumn[] = [
  {
    name: 'Ready',
    type: 'string',
    jsonPath: `${READY}.status`,
    description: 'True when everything is as the spec wants it.',
  },
  { name: 'Reason', type: 'string', jsonPath: `${READY}.reason`, description: 'Why Ready is what it is.' },
];

const age: PrinterColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Time since the object was made.',
};

const nameLength: Rule<Manifest> = {
  rule: `self.metadata.name.size() <= ${MAX_NAME_LENGTH}`,
  message: `metadata.name must be no longer than ${MAX_NAME_LENGTH} characters: names of pods and jobs are made from it`,
  holds: ({ metadata }) => metadata.name.length <= MAX_NAME_LENGTH,
};

const nameForm = (pattern: RegExp, message: string): Rule<Manifest> => ({
  rule: `self.metadata.name.matches('${pattern.source}')`,
  message,
  holds: ({ metadata }) => pattern.test(metadata.name),
});

/** The kind Model as the API server learns it. */
export const modelKind: KindDefinition = {
  kind: 'Model',
  plural: 'models',
  singular: 'model',
  shortNames: ['aimodel'],
  description:
    'A model of the library. It is Ready once its file was fetched, its digest checked, its golden examples answered correctly and its speed and memory measured.',
  spec: modelSpec,
  status: modelStatus,
  rules: [
    nameLength,
    nameForm(
      /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
      'metadata.name may hold lower-case letters, digits and inner hyphens only: it becomes a part of a URL',
    ),
  ],
  columns: [
    { name: 'Task', type: 'string', jsonPath: '.spec.task', description: 'What the model does.' },
    ...readyColumns,
    { name: 'Revision', type: 'string', jsonPath: '.status.current.revision', description: 'The verified revision.' },
    {
      name: 'P50-ms',
      type: 'number',
      jsonPath: '.status.current.report.latencyMs.p50',
      description: 'Median latency of one request, in milliseconds.',
    },
    { name: 'Used-By', type: 'integer', jsonPath: '.status.usedByCount', description: 'How many services serve it.' },
    {
      name: 'Digest',
      type: 'string',
      jsonPath: '.status.current.digest',
      description: 'Digest of the verified revision.',
      priority: 1,
    },
    { name: 'Source', type: 'string', jsonPath: '.spec.source.uri', description: 'Where it comes from.', priority: 1 },
    age,
  ],
};

/** The kind InferenceService as the API server learns it. */
export const inferenceServiceKind: KindDefinition = {
  kind: 'InferenceService',
  plural: 'inferenceservices',
  singular: 'inferenceservice',
  shortNames: ['aisvc'],
  description:
    'A model behind one address. It is Ready while a pod of the wanted revision answers the golden request of that model correctly.',
  spec: inferenceServiceSpec,
  status: inferenceServiceStatus,
  rules: [
    nameLength,
    nameForm(
      /^[a-z]([-a-z0-9]*[a-z0-9])?$/,
      'metadata.name must begin with a lower-case letter and may hold lower-case letters, digits and inner hyphens only: it becomes the name of a Service',
    ),
  ],
  columns: [
    { name: 'Model', type: 'string', jsonPath: '.spec.model.name', description: 'The model that is served.' },
    ...readyColumns,
    {
      name: 'Ready-Pods',
      type: 'integer',
      jsonPath: '.status.readyReplicas',
      description: 'Pods that answer the golden request.',
    },
    {
      name: 'Revision',
      type: 'string',
      jsonPath: '.status.modelRevision',
      description: 'The revision that is wanted.',
      priority: 1,
    },
    { name: 'URL', type: 'string', jsonPath: '.status.url', description: 'Address inside the cluster.' },
    {
      name: 'Waiting-For',
      type: 'string',
      jsonPath: '.status.waitingFor',
      description: 'What is missing.',
      priority: 1,
    },
    age,
  ],
  scale: {
    specReplicasPath: '.spec.replicas',
    statusReplicasPath: '.status.replicas',
    labelSelectorPath: '.status.selector',
  },
};

/** Names of Jobs, pods and hosts are made from it: run, stage, trial, attempt and worker add up to 23 characters. */
const MAX_JOB_NAME_LENGTH = 40;

/** The kind TrainingJob as the API server learns it. */
export const trainingJobKind: KindDefinition = {
  kind: 'TrainingJob',
  plural: 'trainingjobs',
  singular: 'trainingjob',
  shortNames: ['aijob'],
  description:
    'A training, from data to a published model: prepare, train (or search), evaluate, convert, compress, publish. It is Ready once its last run has succeeded.',
  spec: trainingJobSpec,
  status: trainingJobStatus,
  rules: [
    {
      rule: `self.metadata.name.size() <= ${MAX_JOB_NAME_LENGTH}`,
      message: `metadata.name must be no longer than ${MAX_JOB_NAME_LENGTH} characters: names of pods and hosts are made from it`,
      holds: ({ metadata }) => metadata.name.length <= MAX_JOB_NAME_LENGTH,
    },
    nameForm(
      /^[a-z]([-a-z0-9]*[a-z0-9])?$/,
      'metadata.name must begin with a lower-case letter and may hold lower-case letters, digits and inner hyphens only: it becomes the name of a Service',
    ),
  ],
  columns: [
    { name: 'Phase', type: 'string', jsonPath: '.status.phase', description: 'What the job is doing.' },
    ...readyColumns,
    {
      name: 'Percent',
      type: 'number',
      jsonPath: '.status.progress.percent',
      description: 'How much of the training is done.',
    },
    { name: 'Run', type: 'integer', jsonPath: '.status.run.number', description: 'Number of the run.' },
    {
      name: 'Trials',
      type: 'integer',
      jsonPath: '.status.trials.total',
      description: 'Trials that were started.',
      priority: 1,
    },
    {
      name: 'Best',
      type: 'number',
      jsonPath: '.status.trials.best.value',
      description: 'The best objective so far.',
      priority: 1,
    },
    {
      name: 'Digest',
      type: 'string',
      jsonPath: '.status.artifact.digest',
      description: 'What Models follow.',
      priority: 1,
    },
    {
      name: 'Waiting-For',
      type: 'string',
      jsonPath: '.status.waitingFor',
      description: 'What is missing.',
      priority: 1,
    },
    age,
  ],
};

/** Every kind of AI Mass, by its full resource name. */
export const kinds: Readonly<Record<string, KindDefinition>> = {
  [`models.${GROUP}`]: modelKind,
  [`inferenceservices.${GROUP}`]: inferenceServiceKind,
  [`trainingjobs.${GROUP}`]: trainingJobKind,
};
