import module from 'node:module';
import type * as ort from 'onnxruntime-node';
import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import type { Datatype } from '../protocol/datatype.ts';
import type { Tensor, TensorData, TensorSpec } from '../protocol/tensor.ts';
import { computeThreads } from './cpu-limit.ts';
import { describeLoadFailure, describeRunFailure } from './describe-failure.ts';
import type { Engine, Session } from './engine.ts';
import { EngineError } from './engine.ts';
import { datatypeOf, engineTypeOf } from './onnx-types.ts';

type Ort = typeof ort;

/** onnxruntime-node breaks on half-precision tensors when the language has Float16Array; it looks for it once, at its first tensor. */
function loadOrt(): Ort {
  const globals = globalThis as { Float16Array?: unknown };
  const { Float16Array } = globals;
  delete globals.Float16Array;
  try {
    const onnxruntime = module.createRequire(import.meta.url)('onnxruntime-node') as Ort;
    void new onnxruntime.Tensor('float32', Float32Array.of(0), [1]);
    // What goes wrong is thrown as well; the library would print it to stderr a second time, with paths and colours.
    onnxruntime.env.logLevel = 'fatal';
    return onnxruntime;
  } finally {
    if (Float16Array !== undefined) globals.Float16Array = Float16Array;
  }
}

const sessionOptions = (threads: number): InferenceSession.SessionOptions => ({
  intraOpNumThreads: threads,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  // The arena never gives back what one large request took.
  enableCpuMemArena: false,
  logSeverityLevel: 4,
  // Spinning threads burn the CPU limit between requests and gain nothing measurable.
  extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
});

/** The engine that runs ONNX models with onnxruntime, in this process. */
export function createOnnxEngine(threads: number = computeThreads()): Engine {
  const onnxruntime = loadOrt();
  return {
    open: async (modelPath) => {
      let session: InferenceSession;
      try {
        session = await onnxruntime.InferenceSession.create(modelPath, sessionOptions(threads));
      } catch (error) {
        throw describeLoadFailure(error);
      }
      return new OnnxSession(onnxruntime, session);
    },
  };
}

function specOf(metadata: InferenceSession.ValueMetadata): TensorSpec {
  const { name } = metadata;
  const datatype = metadata.isTensor ? datatypeOf(metadata.type) : undefined;
  if (!metadata.isTensor || datatype === undefined) {
    const what = metadata.isTensor ? metadata.type : 'not a tensor';
    throw new EngineError('unsupportedType', `"${name}" is ${what}, which has no place in Open Inference V2.`);
  }
  return { name, datatype, shape: metadata.shape.map((size) => (typeof size === 'number' ? size : -1)) };
}

class OnnxSession implements Session {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly #ort: Ort;
  readonly #session: InferenceSession;

  constructor(onnxruntime: Ort, session: InferenceSession) {
    this.#ort = onnxruntime;
    this.#session = session;
    this.inputs = session.inputMetadata.map(specOf);
    this.outputs = session.outputMetadata.map(specOf);
  }

  async run(inputs: readonly Tensor[], outputNames: readonly string[]): Promise<Tensor[]> {
    const feeds = Object.fromEntries(inputs.map((input) => [input.name, this.#toOrt(input)]));
    let results: InferenceSession.OnnxValueMapType;
    try {
      results = await this.#session.run(feeds, [...outputNames]);
    } catch (error) {
      throw describeRunFailure(error);
    }
    return outputNames.map((name) => fromOrt(name, results[name]));
  }

  async close(): Promise<void> {
    await this.#session.release();
  }

  #toOrt({ datatype, data, shape }: Tensor): OrtTensor {
    const type = engineTypeOf(datatype) as 'float32';
    return new this.#ort.Tensor(type, data as Float32Array, [...shape]);
  }
}

function fromOrt(name: string, value: OrtTensor | undefined): Tensor {
  const datatype: Datatype | undefined = value && datatypeOf(value.type);
  if (value === undefined || datatype === undefined) {
    throw new EngineError(
      'unsupportedType',
      `The output "${name}" is ${value?.type ?? 'missing'}, which V2 cannot carry.`,
    );
  }
  return { name, datatype, shape: value.dims, data: value.data as TensorData };
}
