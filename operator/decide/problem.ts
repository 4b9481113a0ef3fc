/** What keeps an object from being as it should: one reason for programs, one sentence for people. */
export interface Problem {
  reason: string;
  /** What is missing, who holds it, and what would help. */
  message: string;
  /** A person has to act. */
  stalled: boolean;
  /** When the verdict can change without anything happening in the cluster. */
  againInMs?: number;
}

/** What may pass by itself is left alone for a while; after that a person has to act. */
export const afterGrace = (sinceMs: number, graceMs: number): Pick<Problem, 'stalled' | 'againInMs'> =>
  sinceMs >= graceMs ? { stalled: true } : { stalled: false, againInMs: graceMs - sinceMs };
