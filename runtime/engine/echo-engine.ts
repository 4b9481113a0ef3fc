import type { Tensor, TensorSpec } from '../protocol/tensor.ts';
import type { Engine, Session } from './engine.ts';

/** How the echo engine behaves, for tests of everything above the engine. */
export interface EchoOptions {
  specs: readonly TensorSpec[];
  /** Called with each run's inputs; what it gives is the answer. Without it the inputs come back. */
  answer?: (inputs: readonly Tensor[]) => Promise<Tensor[]>;
}

/** An engine without a model: it gives each input back as the output of the same name. */
export function createEchoEngine({ specs, answer }: EchoOptions): Engine {
  const session: Session = {
    inputs: specs,
    outputs: specs,
    run: async (inputs, outputNames) => {
      const outputs = answer ? await answer(inputs) : [...inputs];
      return outputs.filter(({ name }) => outputNames.includes(name));
    },
    close: async () => {},
  };
  return { open: async () => session };
}
