/** Condition types that every kind of AI Mass uses. */
export const ConditionType = { Ready: 'Ready', Reconciling: 'Reconciling', Stalled: 'Stalled' } as const;
export type ConditionType = (typeof ConditionType)[keyof typeof ConditionType];

/** Why an object's Ready is Unknown until the operator reports on it: filled in by the API server. */
export const UNREPORTED = 'NotReported';

/** Why a Model has its conditions. The verification reasons are also the codes in reports of the runtime. */
export const ModelReason = {
  Verified: 'Verified',
  Verifying: 'Verifying',
  VerificationPending: 'VerificationPending',
  GoldenMissing: 'GoldenMissing',
  WaitingForTraining: 'WaitingForTraining',
  TrainingJobMissing: 'TrainingJobMissing',
  InvalidSpec: 'InvalidSpec',
  NameTaken: 'NameTaken',
  // fetch
  SourceNotFound: 'SourceNotFound',
  SourceForbidden: 'SourceForbidden',
  SourceUnreachable: 'SourceUnreachable',
  SourceTimeout: 'SourceTimeout',
  SourceRedirectLoop: 'SourceRedirectLoop',
  SourceTooLarge: 'SourceTooLarge',
  SourceTruncated: 'SourceTruncated',
  SourceRefused: 'SourceRefused',
  DigestMismatch: 'DigestMismatch',
  ArtifactInvalid: 'ArtifactInvalid',
  StorageFull: 'StorageFull',
  // verify
  NotOnnx: 'NotOnnx',
  EmptyFile: 'EmptyFile',
  UnsupportedOperator: 'UnsupportedOperator',
  UnsupportedType: 'UnsupportedType',
  ExternalDataOutside: 'ExternalDataOutside',
  LoadFailed: 'LoadFailed',
  TaskMismatch: 'TaskMismatch',
  GoldenInvalid: 'GoldenInvalid',
  GoldenMismatch: 'GoldenMismatch',
  LimitExceeded: 'LimitExceeded',
  OutOfMemory: 'OutOfMemory',
  VerificationTimeout: 'VerificationTimeout',
  VerificationCrashed: 'VerificationCrashed',
} as const;
export type ModelReason = (typeof ModelReason)[keyof typeof ModelReason];

/** Why an object that belongs to another could not be written: every kind that makes objects has these. */
export const WriteReason = {
  Starting: 'Starting',
  NameTaken: 'NameTaken',
  QuotaExceeded: 'QuotaExceeded',
  InvalidSpec: 'InvalidSpec',
  Forbidden: 'Forbidden',
} as const;

/** Why an InferenceService has its conditions. */
export const ServiceReason = {
  ...WriteReason,
  Serving: 'Serving',
  Suspended: 'Suspended',
  ModelNotFound: 'ModelNotFound',
  ModelNotVerified: 'ModelNotVerified',
  RollingOut: 'RollingOut',
  Unschedulable: 'Unschedulable',
  ImagePullFailed: 'ImagePullFailed',
  OutOfMemory: 'OutOfMemory',
  ModelFetchFailed: 'ModelFetchFailed',
  CrashLooping: 'CrashLooping',
  GoldenMismatch: 'GoldenMismatch',
} as const;
export type ServiceReason = (typeof ServiceReason)[keyof typeof ServiceReason];

/** Conditions of a TrainingJob beside the common ones: one for each stage that a run has. Absent before it begins, Unknown while it goes on. */
export const StageCondition = {
  prepare: 'Prepared',
  train: 'Trained',
  evaluate: 'Evaluated',
  convert: 'Converted',
  compress: 'Compressed',
  publish: 'Published',
} as const;

/** Why a TrainingJob has its conditions. The stage reasons are also the codes in reports of the toolkit and the runtime. */
export const TrainingReason = {
  ...WriteReason,
  Succeeded: 'Succeeded',
  Suspended: 'Suspended',
  Running: 'Running',
  Done: 'Done',
  Retrying: 'Retrying',
  Restarting: 'Restarting',
  Unschedulable: 'Unschedulable',
  Queued: 'Queued',
  ImagePullFailed: 'ImagePullFailed',
  StartTimeout: 'StartTimeout',
  BaseModelMissing: 'BaseModelMissing',
  BaseModelNotVerified: 'BaseModelNotVerified',
  // data: those of the runtime's fetch (ModelReason), and
  DataMissing: 'DataMissing',
  DataEmpty: 'DataEmpty',
  DataInvalid: 'DataInvalid',
  ColumnMissing: 'ColumnMissing',
  TargetConstant: 'TargetConstant',
  // training
  OutOfMemory: 'OutOfMemory',
  NodeLost: 'NodeLost',
  Evicted: 'Evicted',
  Killed: 'Killed',
  ProgramFailed: 'ProgramFailed',
  DeadlineExceeded: 'DeadlineExceeded',
  Stalled: 'Stalled',
  RecipeInvalid: 'RecipeInvalid',
  OutputMissing: 'OutputMissing',
  OutputInvalid: 'OutputInvalid',
  // search
  SearchSpaceInvalid: 'SearchSpaceInvalid',
  SuggestUnavailable: 'SuggestUnavailable',
  AllTrialsFailed: 'AllTrialsFailed',
  ObjectiveMissing: 'ObjectiveMissing',
  // evaluation, conversion, compression
  ThresholdNotMet: 'ThresholdNotMet',
  MetricUnknown: 'MetricUnknown',
  EvaluationDataMissing: 'EvaluationDataMissing',
  ModelNotRecognised: 'ModelNotRecognised',
  ConversionFailed: 'ConversionFailed',
  ConversionMismatch: 'ConversionMismatch',
  CompressionFailed: 'CompressionFailed',
  // publishing
  RegistryUnreachable: 'RegistryUnreachable',
  RegistryForbidden: 'RegistryForbidden',
  RegistryFull: 'RegistryFull',
  PublishFailed: 'PublishFailed',
  NotBetter: 'NotBetter',
  StageCrashed: 'StageCrashed',
} as const;
export type TrainingReason = (typeof TrainingReason)[keyof typeof TrainingReason];
