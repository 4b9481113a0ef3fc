/** Labels on everything the operator makes. The watches select on MANAGED_BY. */
export const Label = {
  managedBy: 'app.kubernetes.io/managed-by',
  name: 'app.kubernetes.io/name',
  component: 'app.kubernetes.io/component',
  model: 'aimass.dev/model',
  service: 'aimass.dev/inference-service',
  revision: 'aimass.dev/revision',
  modelRevision: 'aimass.dev/model-revision',
  trainingJob: 'aimass.dev/training-job',
  run: 'aimass.dev/run',
  stage: 'aimass.dev/stage',
  trial: 'aimass.dev/trial',
  attempt: 'aimass.dev/attempt',
} as const;

export const MANAGED_BY = 'aimass-operator';

/** Selector of everything the operator makes, for its watches. */
export const managedSelector: Readonly<Record<string, string>> = { [Label.managedBy]: MANAGED_BY };

/** Values of the component label that more than one file must know. */
export const Component = {
  verification: 'verification',
  golden: 'golden',
  serving: 'serving',
  /** The pods that train. */
  training: 'training',
  /** The pods of a TrainingJob's other stages. */
  stage: 'stage',
  /** The ConfigMaps that hold the trials of a search. */
  trials: 'trials',
} as const;
