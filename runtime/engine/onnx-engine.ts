import type { Tensor } from '../protocol/tensor.ts';
import type { Engine, Session } from './engine.ts';
import { OnnxModel } from './onnx-model.ts';
import { joinRows, rowsOf, splitRows } from './rows.ts';

/**
 * The engine that runs ONNX models in this process: a run blocks the event loop, and a crash of the engine takes the
 * process along. For processes that do nothing else, and for those who choose speed over isolation.
 */
export function createOnnxEngine(threads?: number): Engine {
  return {
    open: async (modelPath, options = {}) => sessionOf(OnnxModel.open(modelPath, { threads, ...options })),
  };
}

function sessionOf(model: OnnxModel): Session {
  return {
    inputs: model.inputs,
    outputs: model.outputs,
    run: async (inputs, outputNames) => model.run(inputs, outputNames),
    runBatch: async (requests, outputNames) => {
      const inputs: readonly Tensor[] = joinRows(requests);
      const startedAt = performance.now();
      const outputs = model.run(inputs, outputNames);
      const computeMs = performance.now() - startedAt;
      return { answers: splitRows(outputs, requests.map(rowsOf)), computeMs };
    },
    close: async () => model.close(),
  };
}
