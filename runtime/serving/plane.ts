import type { TensorSpec } from '../protocol/tensor.ts';
import type { InferRequest } from '../protocol/v2-request.ts';
import type { InferResponse } from '../protocol/v2-response.ts';
import type { Call } from './call.ts';

/** A model and version as a client names them; without a version the newest that serves. */
export interface ModelTarget {
  name: string;
  version?: string | undefined;
}

/** A model's metadata as Open Inference V2 has it. */
export interface ModelMetadata {
  name: string;
  versions: string[];
  platform: string;
  inputs: readonly TensorSpec[];
  outputs: readonly TensorSpec[];
  parameters?: Record<string, string>;
}

/** One line of the repository index, as Triton has it. */
export interface IndexEntry {
  name: string;
  version: string;
  state: 'READY' | 'LOADING' | 'UNLOADING' | 'UNAVAILABLE' | 'UNKNOWN';
  reason: string;
}

/** What is known of a model beside its tensors: its task, and the folder with tokenizer, labels and the like. */
export interface ModelFiles {
  name: string;
  version: string;
  task: string | undefined;
  directory: string;
  inputs: readonly TensorSpec[];
  outputs: readonly TensorSpec[];
}

/** How often something was done, and the nanoseconds it took in all. */
export interface StatisticDuration {
  count: number;
  ns: number;
}

/** The figures of one model version, under Triton's names. */
export interface ModelStatistics {
  name: string;
  version: string;
  /** Milliseconds since 1970 of the last inference; 0 before the first. */
  last_inference: number;
  /** Rows inferred. */
  inference_count: number;
  /** Runs of the engine. */
  execution_count: number;
  inference_stats: Record<
    'success' | 'fail' | 'queue' | 'compute_input' | 'compute_infer' | 'compute_output' | 'cache_hit' | 'cache_miss',
    StatisticDuration
  >;
  batch_stats: {
    batch_size: number;
    compute_input: StatisticDuration;
    compute_infer: StatisticDuration;
    compute_output: StatisticDuration;
  }[];
}

/** A model's configuration as Triton's clients expect it (the fields of ModelConfig that have a meaning here). */
export type ModelConfig = Record<string, unknown> & { name: string; max_batch_size: number };

/** Everything that a transport can ask of the server. HTTP, gRPC and the task endpoints are thin over it; each may throw an ApiError. */
export interface Plane {
  readonly name: string;
  readonly version: string;
  readonly extensions: readonly string[];
  /** True once shutting down has begun. */
  readonly isDraining: boolean;
  /** Resolves when every model that should be there has just answered its golden request. */
  checkReady(): Promise<void>;
  /** Resolves when this model has just answered its golden request. */
  checkModelReady(target: ModelTarget): Promise<void>;
  metadata(target: ModelTarget): Promise<ModelMetadata>;
  config(target: ModelTarget): Promise<ModelConfig>;
  statistics(target?: ModelTarget): Promise<ModelStatistics[]>;
  files(target: ModelTarget): Promise<ModelFiles>;
  /** The model that a request without a name means: the only one there is; undefined when there are several. */
  readonly onlyModel: string | undefined;
  infer(target: ModelTarget, request: InferRequest, call: Call): Promise<InferResponse>;
  /** The repository extension; refused unless it was switched on. */
  index(onlyReady: boolean): IndexEntry[];
  load(name: string): Promise<void>;
  unload(name: string): Promise<void>;
}
