/** Why a try of a stage failed. */
export interface Failure {
  reason: string;
  /** A sentence that names who, where and the figures. */
  message: string;
  /** What is to blame: the cluster, the program, or nobody knows (a kill from outside). */
  cause: 'infrastructure' | 'killed' | 'program';
  /** Who reported it knows that it can pass without anybody changing anything. */
  retryable?: boolean;
  /** What it measured all the same. */
  result?: Record<string, unknown>;
  /** Its pods have to be stopped: they would go on. */
  stop?: boolean;
}
