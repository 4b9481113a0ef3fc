import type { GoldenSession } from './run-golden.ts';
import type { GoldenExample, PreparedExample } from '../protocol/golden.ts';
import { prepareExample } from '../protocol/golden.ts';
import { runGenerated, runGolden } from './run-golden.ts';

/** Answers whether the model still gives the right answer, by asking it. */
export interface Readiness {
  /** Resolves when the answer was right; rejects with the reason otherwise. */
  check(): Promise<void>;
}

/** Readiness by the first golden example, or by made-up input where there is none. Probes at the same time share one run. */
export function createReadiness(session: GoldenSession, examples: readonly GoldenExample[]): Readiness {
  let prepared: PreparedExample | undefined;
  let running: Promise<void> | undefined;
  const runOnce = async () => {
    const [first] = examples;
    if (first === undefined) return runGenerated(session);
    prepared ??= prepareExample(first, session);
    return runGolden(session, prepared);
  };
  return {
    check: () => {
      running ??= runOnce().finally(() => {
        running = undefined;
      });
      return running;
    },
  };
}
