import { once } from 'node:events';
import type { Session } from '../engine/engine.ts';
import { createOnnxEngine } from '../engine/onnx-engine.ts';
import type { EngineCall } from './engine-host.ts';

/** The program of the process that engine-host.ts starts. */
const engine = createOnnxEngine(1);
let session: Session | undefined;

async function answer(call: EngineCall): Promise<unknown> {
  if (call.kind === 'open') {
    session = await engine.open(call.path);
    return { inputs: session.inputs, outputs: session.outputs };
  }
  if (call.kind === 'run') return session?.run(call.inputs, call.outputNames);
  return session?.close();
}

for (;;) {
  const [call] = (await once(process, 'message')) as [EngineCall];
  await answer(call).then(
    (result) => process.send?.({ result }),
    (error: Error & { kind?: string }) =>
      process.send?.({ error: { name: error.name, kind: error.kind, message: error.message } }),
  );
}
