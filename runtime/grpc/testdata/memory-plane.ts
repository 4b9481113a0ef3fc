import { ApiError } from '../../errors.ts';
import { decodeTensor } from '../../protocol/decode-tensor.ts';
import type { InferRequest } from '../../protocol/v2-request.ts';
import type { InferResponse } from '../../protocol/v2-response.ts';
import type { Call } from '../../serving/call.ts';
import type {
  IndexEntry,
  ModelConfig,
  ModelMetadata,
  ModelStatistics,
  ModelTarget,
  Plane,
} from '../../serving/plane.ts';

/** One model, "echo", that gives back what it gets: a plane for the tests of transports. */
export class MemoryPlane implements Plane {
  readonly name = 'memory';
  readonly version = '1.2.3';
  readonly extensions = ['model_configuration', 'statistics'];
  readonly onlyModel = 'echo';
  isDraining = false;
  isReady = true;
  /** Requests that came, for tests to look at. */
  readonly seen: { target: ModelTarget; request: InferRequest; call: Call }[] = [];
  readonly managed: string[] = [];
  /** When set, inference waits for it. */
  gate: Promise<void> | undefined;
  /** When set, inference throws it. */
  failure: Error | undefined;
  keepsRequests = true;

  async checkReady(): Promise<void> {
    if (!this.isReady) throw new ApiError('NotReady', 'The model "echo" is not loaded yet.');
  }

  async checkModelReady(target: ModelTarget): Promise<void> {
    this.#find(target);
    await this.checkReady();
  }

  async metadata(target: ModelTarget): Promise<ModelMetadata> {
    this.#find(target);
    const spec = { datatype: 'FP32', shape: [-1, 4] } as const;
    return {
      name: 'echo',
      versions: ['1', '2'],
      platform: 'onnx_onnxv1',
      inputs: [{ name: 'x', ...spec }],
      outputs: [{ name: 'y', ...spec }],
      parameters: { revision: 'r1' },
    };
  }

  async config(target: ModelTarget): Promise<ModelConfig> {
    this.#find(target);
    return {
      name: 'echo',
      platform: 'onnxruntime_onnx',
      backend: 'onnxruntime',
      max_batch_size: 8,
      version_policy: { latest: { num_versions: 1 } },
      input: [{ name: 'x', data_type: 'TYPE_FP32', dims: [-1, 4] }],
      output: [{ name: 'y', data_type: 'TYPE_FP32', dims: [-1, 4] }],
      instance_group: [{ name: 'echo_0', kind: 'KIND_CPU', count: 2 }],
      dynamic_batching: { preferred_batch_size: [4, 8], max_queue_delay_microseconds: 100 },
      something_else: { that: 'no client knows' },
    };
  }

  async statistics(target?: ModelTarget): Promise<ModelStatistics[]> {
    if (target !== undefined) this.#find(target);
    const once = { count: 3, ns: 2 ** 40 };
    const batch = { compute_input: once, compute_infer: once, compute_output: once };
    return [
      {
        name: 'echo',
        version: '1',
        last_inference: 1_700_000_000_000,
        inference_count: 7,
        execution_count: 3,
        inference_stats: { success: once, fail: once, queue: once, ...batch, cache_hit: once, cache_miss: once },
        batch_stats: [{ batch_size: 2, ...batch }],
      },
    ];
  }

  files(): never {
    throw new ApiError('Internal', 'There are no files.');
  }

  async infer(target: ModelTarget, request: InferRequest, call: Call): Promise<InferResponse> {
    if (this.keepsRequests) this.seen.push({ target, request, call });
    this.#find(target);
    if (this.gate !== undefined) await this.gate;
    if (this.failure !== undefined) throw this.failure;
    if (performance.now() > call.deadlineAt) throw new ApiError('DeadlineExceeded', 'The deadline has passed.');
    const response: InferResponse = {
      modelName: target.name,
      modelVersion: target.version ?? '1',
      outputs: request.inputs.map(decodeTensor),
    };
    if (request.id !== undefined) response.id = request.id;
    if (request.parameters !== undefined) response.parameters = request.parameters;
    return response;
  }

  index(onlyReady: boolean): IndexEntry[] {
    const entries: IndexEntry[] = [
      { name: 'echo', version: '1', state: 'READY', reason: '' },
      { name: 'other', version: '1', state: 'UNAVAILABLE', reason: 'unloaded' },
    ];
    return onlyReady ? entries.slice(0, 1) : entries;
  }

  async load(name: string): Promise<void> {
    this.#find({ name });
    this.managed.push(`load ${name}`);
  }

  async unload(name: string): Promise<void> {
    this.#find({ name });
    this.managed.push(`unload ${name}`);
  }

  #find({ name, version }: ModelTarget): void {
    if (name !== 'echo') throw new ApiError('UnknownModel', `There is no model ${JSON.stringify(name)}.`);
    if (version !== undefined && version !== '1')
      throw new ApiError('UnknownVersion', `The model "echo" has no version ${JSON.stringify(version)}.`);
  }
}
