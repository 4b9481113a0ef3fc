import type { FailureReport } from '../termination.ts';

/** What the process that runs the model is told. */
export interface VerifyJob {
  modelPath: string;
  goldenFile: string | undefined;
  /** How long to measure, in seconds. */
  seconds: number;
}

/** Figures of one stage; they come as they are found, so that what was known before a crash is not lost. */
export interface Findings {
  golden?: { total: number; passed: number };
  latencyMs?: { p50: number; p99: number };
  loadSeconds?: number;
  maxRequestsPerSecond?: number;
  memoryBytes?: number;
}

/** What the process says: findings as they come, and at the end whether all went well. */
export type ChildMessage =
  | { kind: 'ready' }
  | { kind: 'found'; findings: Findings }
  | { kind: 'done' }
  | { kind: 'failed'; failure: FailureReport };
