import { parentPort } from 'node:worker_threads';
import type { ModelReason } from '../../crds/schema/reasons.ts';
import { ModelFailure } from '../model-failure.ts';
import { inspectModel } from '../onnx/inspect.ts';

/** What the thread is asked. */
export interface CheckQuestion {
  id: number;
  modelPath: string;
}

/** What it answers. */
export interface CheckAnswer {
  id: number;
  locations: string[];
  failure?: { reason: ModelReason; message: string };
}

/** Tells which files models keep weights in, until the thread is ended. */
export function runCheckWorker(): number {
  const port = parentPort;
  port?.on('message', ({ id, modelPath }: CheckQuestion) => {
    void answer(modelPath).then((found) => port.postMessage({ id, ...found } satisfies CheckAnswer));
  });
  return 0;
}

/** The engine says better than this what it cannot run; refused here is only what is no model at all. */
async function answer(modelPath: string): Promise<Omit<CheckAnswer, 'id'>> {
  try {
    return { locations: (await inspectModel(modelPath)).externalLocations };
  } catch (error) {
    const isKnown = error instanceof ModelFailure;
    const message = isKnown ? error.message : 'The model file cannot be read.';
    return { locations: [], failure: { reason: isKnown ? error.reason : 'LoadFailed', message } };
  }
}
