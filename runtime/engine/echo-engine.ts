import type { Tensor, TensorSpec } from '../protocol/tensor.ts';
import type { Engine, Session } from './engine.ts';

/** How the echo engine behaves, for tests of everything above the engine. */
export interface EchoOptions {
  specs: readonly TensorSpec[];
  /** Called with each run's inputs; what it gives is the answer. Without it the inputs come back. */
  answer?: (inputs: readonly Tensor[]) => Promise<Tensor[]>;
  /** Told of the number of requests in each run. */
  onRun?: (requests: number) => void;
}

/** An engine without a model: it gives each input back as the output of the same name. */
export function createEchoEngine({ specs, answer, onRun }: EchoOptions): Engine {
  const run: Session['run'] = async (inputs, outputNames) => {
    const outputs = answer ? await answer(inputs) : [...inputs];
    return outputNames.flatMap((wanted) => outputs.filter(({ name }) => name === wanted));
  };
  const session: Session = {
    inputs: specs,
    outputs: specs,
    run,
    runBatch: async (requests, outputNames) => {
      onRun?.(requests.length);
      const answers = await Promise.all(requests.map((inputs) => run(inputs, outputNames)));
      return { answers, computeMs: 0 };
    },
    close: async () => {},
  };
  return { open: async () => session };
}
