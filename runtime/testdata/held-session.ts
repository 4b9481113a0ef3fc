import type { BatchAnswer, Session } from '../engine/engine.ts';
import { EngineError } from '../engine/engine.ts';
import type { Tensor, TensorSpec } from '../protocol/tensor.ts';

const SPECS: readonly TensorSpec[] = [{ name: 'x', datatype: 'FP32', shape: [-1, 1] }];

/** A run that a held session was asked for and that the test answers. */
export interface HeldRun {
  /** The first element of each request. */
  values: number[];
  /** Gives each request its inputs back. */
  answer(): void;
  fail(error: unknown): void;
}

/** A session whose runs end when the test says so, for tests of what queues in front of it. */
export class HeldSession implements Session {
  readonly inputs = SPECS;
  readonly outputs = SPECS;
  readonly lost: Promise<EngineError>;
  readonly runs: HeldRun[] = [];
  isClosed = false;
  readonly #lose: (reason: EngineError) => void;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<EngineError>();
    this.lost = promise;
    this.#lose = resolve;
  }

  async run(inputs: readonly Tensor[], names: readonly string[]): Promise<Tensor[]> {
    return [...((await this.runBatch([inputs], names)).answers[0] ?? [])];
  }

  runBatch(requests: readonly (readonly Tensor[])[], _names: readonly string[]): Promise<BatchAnswer> {
    return new Promise((resolve, reject) => {
      this.runs.push({
        values: requests.map(([input]) => Number(input?.data[0])),
        answer: () => resolve({ answers: requests, computeMs: 1 }),
        fail: reject,
      });
    });
  }

  /** The process is gone: what runs fails, and the session says so. */
  crash(kind: EngineError['kind'] = 'crashed'): void {
    const reason = new EngineError(kind, 'The model crashed.');
    for (const run of this.runs) run.fail(reason);
    this.#lose(reason);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.crash('closed');
  }
}
