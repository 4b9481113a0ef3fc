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

/** Why an InferenceService has its conditions. */
export const ServiceReason = {
  Serving: 'Serving',
  Suspended: 'Suspended',
  ModelNotFound: 'ModelNotFound',
  ModelNotVerified: 'ModelNotVerified',
  RollingOut: 'RollingOut',
  Starting: 'Starting',
  Unschedulable: 'Unschedulable',
  QuotaExceeded: 'QuotaExceeded',
  ImagePullFailed: 'ImagePullFailed',
  OutOfMemory: 'OutOfMemory',
  ModelFetchFailed: 'ModelFetchFailed',
  CrashLooping: 'CrashLooping',
  GoldenMismatch: 'GoldenMismatch',
  NameTaken: 'NameTaken',
  InvalidSpec: 'InvalidSpec',
  Forbidden: 'Forbidden',
} as const;
export type ServiceReason = (typeof ServiceReason)[keyof typeof ServiceReason];
