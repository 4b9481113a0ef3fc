/** How an attempt to start a verification ended. */
export type Start =
  | { kind: 'started'; job: string; goldenConfigMap?: string }
  /** The limit of verifications at once is reached; so many Models are before this one. */
  | { kind: 'queued'; ahead: number }
  | { kind: 'goldenMissing'; message: string }
  | { kind: 'refused'; object: string; reason: 'Forbidden' | 'QuotaExceeded' | 'Invalid'; message: string }
  | { kind: 'nameTaken'; object: string }
  /** The namespace is going away: nothing is to be done or said. */
  | { kind: 'namespaceEnding' };
