import type { Tensor as OrtTensor } from 'onnxruntime-node';
import type { Tensor, TensorData, TensorSpec } from '../protocol/tensor.ts';
import { computeThreads } from './cpu-limit.ts';
import { describeLoadFailure, describeRunFailure } from './describe-failure.ts';
import type { OpenOptions } from './engine.ts';
import { EngineError } from './engine.ts';
import type { OnnxRuntime, RawMetadata, RawSession } from './load-onnxruntime.ts';
import { loadOnnxRuntime } from './load-onnxruntime.ts';
import { datatypeOf, elementTypeName, engineTypeOf } from './onnx-types.ts';
import { chooseProviders } from './providers.ts';

const RUN_OPTIONS = { logSeverityLevel: 4 };

function sessionOptions({ threads = computeThreads(), providers }: OpenOptions, available: readonly string[]): object {
  const { executionProviders, isFallbackAllowed } = chooseProviders(providers, available);
  return {
    executionProviders,
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    // The arena never gives back what one large request took.
    enableCpuMemArena: false,
    logSeverityLevel: 4,
    // Spinning threads burn the CPU limit between requests and gain nothing measurable.
    extra: {
      session: {
        intra_op: { allow_spinning: '0' },
        inter_op: { allow_spinning: '0' },
        ...(!isFallbackAllowed && { disable_cpu_ep_fallback: '1' }),
      },
    },
  };
}

function specOf({ name, isTensor, type, shape }: RawMetadata): TensorSpec {
  const datatype = isTensor ? datatypeOf(type) : undefined;
  if (datatype === undefined) {
    const what = isTensor ? elementTypeName(type) : 'not a tensor';
    throw new EngineError('unsupportedType', `"${name}" is ${what}, which has no place in Open Inference V2.`);
  }
  return { name, datatype, shape: [...shape] };
}

/** A model in this process. Every call blocks: whoever uses it has nothing else to do, or accepts to wait. */
export class OnnxModel {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly #onnxruntime: OnnxRuntime;
  readonly #session: RawSession;

  private constructor(onnxruntime: OnnxRuntime, session: RawSession) {
    this.#onnxruntime = onnxruntime;
    this.#session = session;
    this.inputs = session.inputMetadata.map(specOf);
    this.outputs = session.outputMetadata.map(specOf);
  }

  /** Loads a model file. */
  static open(modelPath: string, options: OpenOptions = {}): OnnxModel {
    const onnxruntime = loadOnnxRuntime();
    const session = onnxruntime.createSession();
    try {
      session.loadModel(modelPath, sessionOptions(options, onnxruntime.providers()));
    } catch (error) {
      throw error instanceof EngineError ? error : describeLoadFailure(error);
    }
    return new OnnxModel(onnxruntime, session);
  }

  /** Runs the model once. */
  run(inputs: readonly Tensor[], outputNames: readonly string[]): Tensor[] {
    const feeds: Record<string, OrtTensor> = {};
    const fetches: Record<string, null> = {};
    for (const name of outputNames) fetches[name] = null;
    let results: Record<string, OrtTensor>;
    try {
      for (const input of inputs) feeds[input.name] = this.#toOrt(input);
      results = this.#session.run(feeds, fetches, RUN_OPTIONS);
    } catch (error) {
      throw describeRunFailure(error);
    }
    return outputNames.map((name) => this.#fromOrt(name, results[name]));
  }

  /** Gives the model's memory back. */
  close(): void {
    this.#session.dispose();
  }

  #toOrt({ datatype, data, shape }: Tensor): OrtTensor {
    const type = engineTypeOf(datatype) as 'float32';
    return new this.#onnxruntime.Tensor(type, data as Float32Array, shape as number[]);
  }

  #fromOrt(name: string, value: OrtTensor | undefined): Tensor {
    const spec = this.outputs.find((output) => output.name === name);
    if (value === undefined || spec === undefined || value.type !== engineTypeOf(spec.datatype)) {
      throw new EngineError('unsupportedType', `The output "${name}" is ${value?.type ?? 'missing'}.`);
    }
    return { name, datatype: spec.datatype, shape: value.dims, data: value.data as TensorData };
  }
}
