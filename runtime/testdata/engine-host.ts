import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Engine } from '../engine/engine.ts';
import { EngineError } from '../engine/engine.ts';
import type { Tensor, TensorSpec } from '../protocol/tensor.ts';

/** What the process can be asked to do. */
export type EngineCall =
  | { kind: 'open'; path: string }
  | { kind: 'run'; inputs: readonly Tensor[]; outputNames: readonly string[] }
  | { kind: 'close' };

interface Answer {
  result?: unknown;
  error?: { name: string; kind?: EngineError['kind']; message: string };
}

/** The real engine in a process of its own: onnxruntime refuses the typed arrays of Jest's sandbox. One model, one call at a time. */
export function startEngineHost(): Engine & { stop(): void } {
  const child = fork(path.join(import.meta.dirname, 'engine-process.ts'), { serialization: 'advanced' });
  const ask = async (call: EngineCall): Promise<unknown> => {
    const answered = once(child, 'message');
    child.send(call);
    const [{ result, error }] = (await answered) as [Answer];
    if (error?.kind !== undefined) throw new EngineError(error.kind, error.message);
    if (error !== undefined) throw new Error(error.message);
    return result;
  };
  return {
    open: async (modelPath) => {
      const specs = (await ask({ kind: 'open', path: modelPath })) as { inputs: TensorSpec[]; outputs: TensorSpec[] };
      return {
        ...specs,
        run: async (inputs, outputNames) => (await ask({ kind: 'run', inputs, outputNames })) as Tensor[],
        close: async () => void (await ask({ kind: 'close' })),
      };
    },
    stop: () => void child.kill(),
  };
}
