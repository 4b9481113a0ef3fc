import module from 'node:module';
import type * as onnxruntime from 'onnxruntime-node';

/** A tensor of a model as the binding tells it: the size -1 is open, and may have a name. */
export interface RawMetadata {
  name: string;
  isTensor: boolean;
  type: number;
  shape: readonly number[];
  symbolicDimensions: readonly string[];
}

/** A loaded model as the binding has it: every call blocks until it is done. */
export interface RawSession {
  readonly inputMetadata: readonly RawMetadata[];
  readonly outputMetadata: readonly RawMetadata[];
  loadModel(modelPath: string, options: object): void;
  run(
    feeds: Record<string, onnxruntime.Tensor>,
    fetches: Record<string, null>,
    options: object,
  ): Record<string, onnxruntime.Tensor>;
  dispose(): void;
}

/** What onnxruntime-node is made of. Its own `run` only adds a turn of the event loop to this (docs/decisions/0007). */
export interface OnnxRuntime {
  Tensor: typeof onnxruntime.Tensor;
  createSession(): RawSession;
  /** Execution providers that this build of the library holds, by onnxruntime's names. */
  providers(): string[];
}

interface BindingModule {
  binding: { InferenceSession: new () => RawSession; listSupportedBackends(): { name: string; bundled: boolean }[] };
  initOrt: (this: void) => void;
}

let loaded: OnnxRuntime | undefined;

/** Loads the library once for this process. */
export function loadOnnxRuntime(): OnnxRuntime {
  loaded ??= load();
  return loaded;
}

/** onnxruntime-node breaks on half-precision tensors when the language has Float16Array; it looks for it once, at its first tensor. */
function load(): OnnxRuntime {
  const globals = globalThis as { Float16Array?: unknown };
  const { Float16Array } = globals;
  delete globals.Float16Array;
  try {
    const require = module.createRequire(import.meta.url);
    const { Tensor: TensorClass, env } = require('onnxruntime-node') as typeof onnxruntime;
    void new TensorClass('float32', Float32Array.of(0), [1]);
    // What goes wrong is thrown as well; the library would print it to stderr a second time, with paths and colours.
    env.logLevel = 'fatal';
    const { binding, initOrt } = require('onnxruntime-node/dist/binding.js') as BindingModule;
    initOrt();
    return {
      Tensor: TensorClass,
      createSession: () => new binding.InferenceSession(),
      providers: () => binding.listSupportedBackends().map(({ name }) => name),
    };
  } finally {
    if (Float16Array !== undefined) globals.Float16Array = Float16Array;
  }
}
