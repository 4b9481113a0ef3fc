import path from 'node:path';
import type { Engine } from '../engine/engine.ts';
import { checkExternalData } from '../onnx/external-data.ts';
import { ModelChecker } from './model-checker.ts';

/** An engine that refuses a model whose weights are kept outside of its folder, before it opens it. */
export function checkedEngine(engine: Engine): Engine {
  const checker = new ModelChecker();
  return {
    ...engine,
    open: async (modelPath, options) => {
      await checkExternalData(path.dirname(modelPath), await checker.externalLocations(modelPath));
      return engine.open(modelPath, options);
    },
    close: () => {
      checker.close();
      engine.close?.();
    },
  };
}
